# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Locks a file of the image for ever, with a process that stays: all containers have the same file.
import fcntl, os, time
found = []
files = [open(path, "rb") for path in (os.__file__, "/etc/passwd", "/bin/sh", "/usr/bin/timeout") if os.access(path, os.R_OK)]
for file in files:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        found.append((file.name, error.errno))
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        found.append((file.name, error.errno))
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
time.sleep(0.5)
print(found or "clean")
