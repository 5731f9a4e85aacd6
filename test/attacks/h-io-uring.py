# expect {"status": "ok", "output": "refused", "error": ""}
# It makes system calls that no filter sees.
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(120)
results = [libc.syscall(425, 8, parameters), libc.syscall(426, 3, 0, 0, 0, 0, 0), libc.syscall(427, 3, 0, 0, 0)]
print("refused" if results == [-1, -1, -1] and ctypes.get_errno() in (errno.ENOSYS, errno.EPERM) else results)
