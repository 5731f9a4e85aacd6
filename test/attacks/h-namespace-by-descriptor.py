# expect {"status": "ok", "output": "refused", "error": ""}
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
done = []
for pid in {1, os.getppid(), os.getpid()}:
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        continue
    for flag in (0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        if libc.setns(pidfd, flag) == 0:
            done.append((pid, hex(flag)))
print(done or "refused")
