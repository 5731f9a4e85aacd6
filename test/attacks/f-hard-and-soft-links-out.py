# expect {"status": "ok", "output": "refused", "error": ""}
# Names in the working directory for files that are somewhere else.
import os
made = []
for target in ("/etc/passwd", "/proc/1/environ", "/usr/bin/python3", "/etc/hosts"):
    try:
        os.link(target, "link")
        made.append(target)
    except OSError:
        pass
os.symlink("/proc/1/environ", "soft")
try:
    made.append(open("soft").read())
except OSError:
    pass
try:
    open(os.path.join("/proc/self/root/etc", "poison"), "w")
    made.append("root")
except OSError:
    pass
print(made or "refused")
