# expect {"status": "ok", "output": "refused", "error": ""}
import os
opened = []
names = {"memory.max", "memory.limit_in_bytes", "pids.max", "cpu.max", "cpu.cfs_quota_us", "cgroup.procs", "tasks", "release_agent", "devices.allow"}
for folder, _, files in os.walk("/sys/fs/cgroup"):
    for name in names.intersection(files):
        try:
            os.close(os.open(os.path.join(folder, name), os.O_WRONLY))
            opened.append(os.path.join(folder, name))
        except OSError:
            pass
try:
    os.mkdir("/sys/fs/cgroup/evil")
    opened.append("mkdir")
except OSError:
    pass
print(opened or "refused")
