# expect {"status": "ok", "output": "main ended", "error": "", "exitCode": 0, "maxDurationMs": 5000}
# A grandchild in a session of its own holds the output open and computes.
import os
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    while True:
        pass
os.wait()
print("main ended")
