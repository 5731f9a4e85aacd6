# expect {"status": ["ok", "killed"], "outputMatches": "^(sent|refused)", "maxDurationMs": 6000}
# The kernel sends a chosen signal to a chosen process when a pipe is written to.
import fcntl, os, signal, time
F_SETSIG = 10
result = "refused"
read_end, write_end = os.pipe()
for sig in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    try:
        fcntl.fcntl(read_end, fcntl.F_SETOWN, os.getppid())
        fcntl.fcntl(read_end, F_SETSIG, sig)
        fcntl.fcntl(read_end, fcntl.F_SETFL, os.O_ASYNC)
        result = "sent"
    except OSError:
        pass
print(result, flush=True)
time.sleep(0.3)
os.write(write_end, b"x")
time.sleep(1)
