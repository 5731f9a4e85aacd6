# expect {"status": "ok", "output": "main ended", "error": "", "maxDurationMs": 5000}
# Children that fork and exit as fast as they can, so that a sweep might miss one.
import os
for _ in range(3):
    if os.fork() == 0:
        while True:
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                pass
print("main ended")
os._exit(0)
