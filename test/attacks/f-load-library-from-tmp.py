# expect {"status": "error", "output": "", "errorMatches": "^OSError: /tmp/library\\.so: failed to map segment from shared object", "exitCode": 1}
import ctypes, re, shutil
path = re.search(r"\S+/libc\.so\.6", open("/proc/self/maps").read())[0]
ctypes.CDLL(shutil.copy(path, "/tmp/library.so"))
