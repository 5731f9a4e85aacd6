# expect {"status": "ok", "outputMatches": "^x+\nend$", "error": ""}
# A pipe's flags are shared by all who have it open.
import fcntl, os, time
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK | os.O_ASYNC)
fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 4096)
sent = 0
while sent < 200_000:
    try:
        sent += os.write(1, b"x" * 4096)
    except BlockingIOError:
        time.sleep(0.001)
os.set_blocking(1, True)
print("\nend")
