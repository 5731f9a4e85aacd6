# expect {"status": "ok", "output": "none open", "error": ""}
import os
opened = []
for fd in range(3, 1024):
    try:
        os.write(fd, b"forged")
        opened.append(fd)
    except OSError:
        pass
print(opened or "none open")
