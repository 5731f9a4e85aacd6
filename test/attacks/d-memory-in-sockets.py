# expect {"status": ["oom", "error", "ok", "killed"], "outputMatches": "^(\\d+ MB in sockets|)", "maxDurationMs": 12000}
import os, socket
pairs, held = [], 0
try:
    while len(pairs) < 450:
        a, b = socket.socketpair()
        a.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            a.setsockopt(socket.SOL_SOCKET, option, 1 << 24)
            b.setsockopt(socket.SOL_SOCKET, option, 1 << 24)
        pairs.append((a, b))
        try:
            while True:
                held += a.send(bytes(65536))
        except BlockingIOError:
            pass
except OSError:
    pass
print(held >> 20, "MB in sockets", flush=True)
