# expect {"status": "ok", "output": "done", "error": "", "maxDurationMs": 4000}
# The descriptor is in a socket's queue, open in no process' table.
import os, socket
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [1, 2])
b2 = os.dup(b.fileno())
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 3)
    import time
    time.sleep(600)
print("done")
