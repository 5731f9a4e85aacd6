# expect {"status": "ok", "output": "fifo socket file\nrefused", "error": ""}
# Pipes, sockets and files may be made by name, devices not.
import os, stat
os.mknod("fifo", stat.S_IFIFO | 0o600)
os.mknod("socket", stat.S_IFSOCK | 0o600)
os.mknod("file", stat.S_IFREG | 0o600)
print("fifo", "socket", "file")
made = []
for kind in (stat.S_IFCHR, stat.S_IFBLK):
    for device in ((1, 1), (1, 3), (1, 11), (8, 0), (254, 0), (10, 232), (10, 229)):
        try:
            os.mknod("device", kind | 0o666, os.makedev(*device))
            made.append(device)
        except OSError:
            pass
print(made or "refused")
