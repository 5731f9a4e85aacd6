# expect {"status": "ok", "output": "70 orphans", "error": ""}
# More than may exist at once: somebody must wait for them.
import os, time
count = 0
for _ in range(7):
    pid = os.fork()
    if pid == 0:
        for _ in range(10):
            if os.fork() == 0:
                os._exit(0)
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0:
        count += 10
    time.sleep(0.1)
print(count, "orphans")
