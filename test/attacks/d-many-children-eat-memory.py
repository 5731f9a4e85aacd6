# expect {"status": ["oom", "ok"], "errorMatches": "memory limit \\(128 MB\\)", "maxDurationMs": 10000}
# Many processes with a little each, none of them a better choice for the kernel than the runner. Where the engine has
# CAP_SYS_RESOURCE, nobody goes below the score that the runner was started with, 500; elsewhere they may.
import os, time
for score in ("0", "500"):
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(score)
        break
    except PermissionError:
        pass
for _ in range(24):
    if os.fork() == 0:
        block = b"x" * (8 * 1024 * 1024)
        time.sleep(2)
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
