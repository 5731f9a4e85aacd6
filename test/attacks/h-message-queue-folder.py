# expect {"status": "ok", "output": "refused", "error": ""}
# Docker mounts a folder in which everybody may make queues out of the kernel's memory.
import os
made = []
for number in range(10):
    try:
        os.close(os.open(f"/dev/mqueue/q{number}", os.O_CREAT | os.O_RDWR, 0o666))
        made.append(number)
    except OSError:
        pass
print(made or "refused")
