# expect {"status": "ok", "output": "refused", "error": ""}
# Locks of open files are in /proc/locks of every container, with the bytes that they are for.
import fcntl, os, struct, tempfile
taken = []
with tempfile.TemporaryFile() as file:
    for command in (fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW, fcntl.F_OFD_GETLK, fcntl.F_SETLEASE, fcntl.F_NOTIFY):
        try:
            fcntl.fcntl(file, command, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0x5EC2E7, 1, 0) if command < 1024 else 0)
            taken.append(command)
        except PermissionError:
            pass
    fcntl.lockf(file, fcntl.LOCK_EX)
    fcntl.flock(file, fcntl.LOCK_EX)
print(taken or "refused")
