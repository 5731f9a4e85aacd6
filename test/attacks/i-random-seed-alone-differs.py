# expect {"status": "ok", "error": "", "runs": 3, "distinctOutputs": true}
import random
print([random.getrandbits(32) for _ in range(4)])
