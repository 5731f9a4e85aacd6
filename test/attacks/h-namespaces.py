# expect {"status": "ok", "output": "refused", "error": ""}
# New namespaces, those of process 1, another root.
import os
done = []
kinds = {"user": 0x10000000, "mnt": 0x20000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x8000000, "uts": 0x4000000, "cgroup": 0x2000000}
for name, flag in kinds.items():
    for action in (lambda: os.unshare(flag), lambda: os.unshare(flag | kinds["user"]),
                   lambda: os.setns(os.open(f"/proc/1/ns/{name}", os.O_RDONLY), 0)):
        try:
            action()
            done.append(name)
        except OSError:
            pass
try:
    os.chroot("/tmp")
    done.append("chroot")
except OSError:
    pass
print(done or "refused")
