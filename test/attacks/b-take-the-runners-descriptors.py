# expect {"status": "ok", "output": "refused", "error": ""}
# pidfd_getfd would hand over a copy of another process' descriptor.
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
taken = []
for pid in {1, os.getppid()}:
    pidfd = os.pidfd_open(pid)
    for fd in range(32):
        copy = libc.syscall(438, pidfd, fd, 0)
        if copy >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            taken.append((pid, fd, ctypes.get_errno()))
print(taken or "refused")
