# expect {"status": "ok", "output": "still here", "error": ""}
# The kernel protects process 1 from SIGKILL and SIGSTOP.
import os, signal, time
for number in (signal.SIGKILL, signal.SIGSTOP):
    try:
        os.kill(1, number)
    except PermissionError:
        pass
time.sleep(0.2)
print("still here")
