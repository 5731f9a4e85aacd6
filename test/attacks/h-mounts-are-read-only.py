# expect {"status": "ok", "output": "['/dev', '/dev/mqueue', '/dev/pts', '/dev/shm', '/proc', '/tmp']", "error": ""}
# All mounts that are not read-only, but for single files: the devices, /proc (which has its own rules), /tmp and /dev/shm.
import os
found = []
for line in open("/proc/self/mountinfo"):
    fields = line.split()
    path, options, kind = fields[4], fields[5].split(","), fields[fields.index("-") + 1]
    if "rw" in options and os.path.isdir(path) and kind != "overlay" and not path.startswith("/sys/fs/cgroup"):
        found.append(path)
print(sorted(set(found)))
