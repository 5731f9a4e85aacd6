# expect {"status": ["oom", "ok"], "errorMatches": "memory limit \\(128 MB\\)", "maxDurationMs": 10000}
# Many processes with a little each, none of them a better choice for the kernel than the runner. Where the engine has
# CAP_SYS_RESOURCE, nobody goes below the score that the runner was started with, 500; elsewhere they may.
import os
for score in ("0", "500"):
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(score)
        break
    except PermissionError:
        pass
# However slow the host is, each holds its memory until all have theirs, or are dead.
hold, release, await_all, ready = *os.pipe(), *os.pipe()
for _ in range(24):
    if os.fork() == 0:
        os.close(release)
        block = b"x" * (8 * 1024 * 1024)
        os.close(ready)
        os.read(hold, 1)
        os._exit(0)
os.close(ready)
os.read(await_all, 1)
os.close(release)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
