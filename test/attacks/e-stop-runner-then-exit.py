# expect {"status": "timeout", "output": "before", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# Nobody inside sees the end.
import os, signal, time
print("before")
time.sleep(0.3)
os.kill(os.getppid(), signal.SIGSTOP)
