# expect {"status": "timeout", "output": "stopping", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import os, signal
print("stopping")
os.kill(os.getpid(), signal.SIGSTOP)
