# expect {"status": "ok", "output": "refused", "error": ""}
# Bit 30 of the number asks for the x32 table.
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
worked = []
if platform.machine() == "x86_64":
    for name, number in (("getpid", 39), ("ptrace", 521), ("socket", 41), ("unshare", 272), ("execve", 520)):
        child = os.fork()
        if child == 0:
            result = libc.syscall(ctypes.c_long(0x40000000 | number), 0, 0, 0, 0, 0)
            os._exit(0 if result == -1 else 1)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            worked.append(name)
print(worked or "refused")
