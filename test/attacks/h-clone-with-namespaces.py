# expect {"status": "ok", "output": "refused", "error": ""}
# Past Python: the calls themselves, old and new.
import ctypes, errno, os, platform, signal, struct
libc = ctypes.CDLL(None, use_errno=True)
clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
done = []
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x10020000, 0x7E020000):
    if libc.syscall(clone, ctypes.c_ulong(flag | signal.SIGCHLD), 0, 0, 0, 0) == 0:
        os._exit(0)
    if ctypes.get_errno() not in (errno.EPERM, errno.EINVAL):
        done.append(("clone", hex(flag)))
    ctypes.set_errno(0)
    arguments = struct.pack("8Q", flag, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    result = libc.syscall(435, arguments, len(arguments))
    if result == 0:
        os._exit(0)
    if result > 0 or ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
        done.append(("clone3", hex(flag), result, ctypes.get_errno()))
print(done or "refused")
