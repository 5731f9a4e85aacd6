# expect {"status": ["oom", "error", "ok", "killed"], "outputMatches": "^(\\d+ MB in connections|)", "maxDurationMs": 12000}
import socket
server = socket.create_server(("127.0.0.1", 0), backlog=512)
ends, held = [], 0
try:
    while len(ends) < 900:
        client = socket.create_connection(server.getsockname(), timeout=1)
        ends += [client, server.accept()[0]]
        client.setblocking(False)
        try:
            while True:
                held += client.send(bytes(1 << 20))
        except BlockingIOError:
            pass
except OSError:
    pass
print(held >> 20, "MB in connections", flush=True)
