# expect {"status": "ok", "output": "refused", "error": ""}
import os
done = []
for path in ("/dev/null", "/dev/zero", "/dev/console", "/dev/ptmx", "/dev/fd", "/dev/stdout"):
    for action in (lambda: os.remove(path), lambda: os.rename(path, path + ".old"), lambda: os.symlink("/etc/passwd", path + ".new")):
        try:
            action()
            done.append(path)
        except OSError:
            pass
print(done or "refused")
