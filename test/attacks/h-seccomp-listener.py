# expect {"status": "ok", "output": "refused", "error": ""}
# A filter of one's own that answers in the kernel's place, and speculation switched on again.
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
results = [libc.syscall(number, 1, 8, 0), libc.syscall(number, 0, 0, 0), libc.prctl(53, 0, 2, 0, 0), libc.prctl(22, 1, 0, 0, 0), libc.prctl(35, 1, 0, 0, 0)]
print("refused" if set(results) == {-1} else results)
