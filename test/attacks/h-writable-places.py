# expect {"status": "ok", "output": "['/dev/shm', '/tmp', '/tmp/work']", "error": ""}
# All folders that the program may write to; message queues are no files.
import os
found = []
for folder, names, _ in os.walk("/"):
    names[:] = [name for name in names if os.path.join(folder, name) not in ("/proc", "/sys", "/dev/mqueue")]
    if os.access(folder, os.W_OK):
        found.append(folder)
print(sorted(found))
