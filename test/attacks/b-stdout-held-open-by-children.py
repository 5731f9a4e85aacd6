# expect {"status": "ok", "output": "done", "error": "", "maxDurationMs": 4000}
# Children in sessions of their own keep both streams open for ever.
import os, time
for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
print("done")
