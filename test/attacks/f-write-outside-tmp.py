# expect {"status": "ok", "output": "refused", "error": ""}
import os, site, sys
written = []
for folder in ("/", "/etc", "/usr", "/usr/bin", "/usr/lib", "/var", "/root", "/home", "/opt", "/run", "/srv", "/mnt",
               "/proc", "/sys", "/dev", os.path.dirname(os.__file__), *site.getsitepackages()):
    try:
        open(folder + "/evil", "w").close()
        written.append(folder)
    except OSError:
        pass
print(written or "refused")
