# expect {"status": "error", "output": "", "error": "OSError: [Errno 101] Network is unreachable", "exitCode": 1, "maxDurationMs": 3000}
import socket
socket.create_connection(("1.1.1.1", 443), timeout=5)
