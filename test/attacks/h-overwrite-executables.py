# expect {"status": "ok", "output": "refused", "error": ""}
# Its own program and that of process 1, which the host started.
import os
opened = []
for path in ("/proc/self/exe", "/proc/1/exe", f"/proc/{os.getppid()}/exe", "/usr/bin/python3", "/usr/bin/timeout", "/lib64/ld-linux-x86-64.so.2"):
    try:
        os.close(os.open(path, os.O_WRONLY))
        opened.append(path)
    except OSError:
        pass
print(opened or "refused")
