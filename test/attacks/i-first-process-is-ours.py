# expect {"status": "ok", "output": "True True", "error": ""}
# Nothing ran here before: only process 1, the runner and this program, and process numbers are low.
import os
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
print(len(pids) == 3, os.getpid() < 30)
