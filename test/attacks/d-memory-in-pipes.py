# expect {"status": ["oom", "error", "ok", "killed"], "outputMatches": "^\\d*( MB in pipes)?", "maxDurationMs": 12000}
# The bytes are the kernel's, in no process' own memory.
import fcntl, os
held = 0
for child in range(4):
    if os.fork() == 0:
        break
pipes = []
try:
    while True:
        pipes.append(os.pipe())
        os.set_blocking(pipes[-1][1], False)
        try:
            fcntl.fcntl(pipes[-1][1], fcntl.F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass
        try:
            while True:
                held += os.write(pipes[-1][1], bytes(65536))
        except BlockingIOError:
            pass
except OSError:
    pass
os.write(1, b"%d MB in pipes\n" % (held >> 20))
os._exit(0)
