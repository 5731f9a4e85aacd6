# expect {"status": "ok", "output": "refused", "error": ""}
# Every file of process 1 and of the runner that a result could be written through.
import os
FRAME = b"X" + (2).to_bytes(4, "big") + bytes(16) + b"{}"
opened = []
for pid in {1, os.getppid()}:
    names = [f"fd/{n}" for n in range(64)] + [f"task/{pid}/fd/{n}" for n in range(64)]
    names += ["mem", "task/%d/mem" % pid, "root/proc/1/fd/1", "cwd/x", "map_files", "oom_score_adj", "oom_adj", "comm", "clear_refs",
              "coredump_filter", "timerslack_ns", "sched", "autogroup", "loginuid", "attr/current", "attr/exec", "setgroups", "uid_map"]
    for name in names:
        try:
            fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY | os.O_NONBLOCK)
            os.write(fd, FRAME)
            opened.append((pid, name))
        except OSError:
            pass
# Its own threads are the program's, but `/proc/PID` of another is reached through them too.
for path in ("/proc/thread-self/../../%d/fd/1" % os.getppid(), "/proc/self/root/proc/%d/fd/1" % os.getppid(), "/dev/fd/../../%d/fd/1" % os.getppid()):
    try:
        os.write(os.open(path, os.O_WRONLY), FRAME)
        opened.append(path)
    except OSError:
        pass
print(opened or "refused")
