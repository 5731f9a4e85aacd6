# expect {"status": "ok", "output": "bounded", "error": ""}
import os, time
count = 0
try:
    while count < 1000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except BlockingIOError:
    pass
print("bounded" if 16 <= count < 64 else count)
