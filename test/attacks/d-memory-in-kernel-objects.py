# expect {"status": ["ok", "oom", "error", "killed"], "outputMatches": "^(\\d+ objects|)", "maxDurationMs": 12000}
# Small things of the kernel, as many as one may have, in as many processes as one may have.
import os, select, socket
for _ in range(5):
    try:
        os.fork()
    except OSError:
        break
things = []
try:
    while True:
        things += [select.epoll(), os.eventfd(1), os.memfd_create("x"), socket.socket(), os.timerfd_create(1)]
except OSError:
    pass
os.write(1, b"%d objects\n" % len(things))
