# expect {"status": "ok", "output": "refused", "error": ""}
# The channel to the host is out of reach.
import os
opened = []
for pid in {1, os.getppid()}:
    for fd in range(256):
        try:
            os.write(os.open(f"/proc/{pid}/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK), b"forged")
            opened.append((pid, fd))
        except OSError:
            pass
print(opened or "refused")
