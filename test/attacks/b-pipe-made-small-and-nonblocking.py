# expect {"status": "error", "outputMatches": "^(?:x{1000}){4}", "error": "BlockingIOError: [Errno 11] Resource temporarily unavailable", "exitCode": 1}
# The settings of its own end of the pipe are the program's; the runner reads on.
import fcntl, os
fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 4096)
os.set_blocking(1, False)
while True:
    os.write(1, b"x" * 1000)
