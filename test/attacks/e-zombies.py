# expect {"status": "ok", "output": "bounded", "error": ""}
# Children that have ended and that nobody waits for.
import os
count = 0
try:
    while count < 1000:
        if os.fork() == 0:
            os._exit(0)
        count += 1
except BlockingIOError:
    pass
print("bounded" if 16 <= count < 64 else count)
