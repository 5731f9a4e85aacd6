# expect {"status": "ok", "output": "refused", "error": ""}
# AF_ALG loads modules of the kernel by name.
import socket
try:
    probe = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)
    probe.bind(("hash", "sha256"))
    print("opened")
except OSError:
    print("refused")
