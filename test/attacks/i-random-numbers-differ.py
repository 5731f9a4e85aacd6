# expect {"status": "ok", "error": "", "runs": 3, "distinctOutputs": true}
# Containers are made alike and wait; what they draw must not be alike.
import random, secrets, tempfile, uuid
print(random.random(), random.SystemRandom().random(), secrets.token_hex(8), uuid.uuid4(), hash("x"), next(tempfile._get_candidate_names()))
