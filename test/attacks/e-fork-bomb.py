# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
