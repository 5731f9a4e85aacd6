# expect {"status": "ok", "output": "example.com unknown\nhost.docker.internal unknown\nlocalhost 127.0.0.1", "error": "", "maxDurationMs": 5000}
# No resolver answers, and nothing waits for one.
import socket
for name in ("example.com", "host.docker.internal", "localhost"):
    try:
        print(name, socket.gethostbyname(name))
    except OSError:
        print(name, "unknown")
