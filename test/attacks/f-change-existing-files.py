# expect {"status": "ok", "output": "refused", "error": ""}
import os, sys
done = []
for path in ("/etc/passwd", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", os.path.realpath(sys.executable), os.__file__):
    for action in (lambda: open(path, "a").close(), lambda: os.remove(path), lambda: os.rename(path, path + ".old"),
                   lambda: os.chmod(path, 0o777), lambda: os.chown(path, 65534, 65534), lambda: os.link(path, "/tmp/link")):
        try:
            action()
            done.append(path)
        except OSError:
            pass
print(done or "refused")
