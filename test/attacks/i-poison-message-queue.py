# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# A POSIX message queue has a name, and lives as long as its namespace.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
mq_open = getattr(libc, "mq_open", None) or ctypes.CDLL("librt.so.1", use_errno=True).mq_open
found = []
if mq_open(b"/poison", os.O_RDWR) != -1 or os.path.exists("/dev/mqueue/poison"):
    found.append("queue")
mq_open(b"/poison", os.O_CREAT | os.O_RDWR, 0o600, None)
try:
    os.close(os.open("/dev/mqueue/poison", os.O_CREAT | os.O_RDWR, 0o600))
except OSError:
    pass
print(found or "clean")
