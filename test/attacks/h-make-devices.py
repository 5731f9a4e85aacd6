# expect {"status": "ok", "output": "refused", "error": ""}
import os, stat
made = []
for kind, device in ((stat.S_IFBLK, (8, 0)), (stat.S_IFBLK, (254, 0)), (stat.S_IFCHR, (1, 1)), (stat.S_IFCHR, (10, 232)), (stat.S_IFCHR, (5, 1))):
    try:
        os.mknod(f"device{len(made)}", kind | 0o666, os.makedev(*device))
        made.append(device)
    except OSError:
        pass
print(made or "refused")
