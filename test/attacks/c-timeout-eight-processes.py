# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import os
for _ in range(3):
    os.fork()
while True:
    pass
