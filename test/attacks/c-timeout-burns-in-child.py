# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# The parent sleeps while a child in a session of its own computes.
import os
if os.fork() == 0:
    os.setsid()
    while True:
        pass
os.wait()
