# expect {"status": "ok", "output": "[]", "error": ""}
import os, stat
found = []
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in files:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if not stat.S_ISREG(mode):
            continue
        if mode & (stat.S_ISUID | stat.S_ISGID) or "security.capability" in os.listxattr(path):
            found.append(path)
print(found)
