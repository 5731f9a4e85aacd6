# expect {"status": "timeout", "output": "before", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# A runner that is stopped can not end the run; the host can.
import os, signal, time
print("before", flush=True)
time.sleep(0.2)
os.kill(os.getppid(), signal.SIGSTOP)
while True:
    time.sleep(1)
