# expect {"status": "ok", "output": "refused", "error": ""}
# AF_VSOCK speaks to the hypervisor, past the network namespace.
import socket
opened = []
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    for port in (22, 1024, 5000, 52):
        try:
            with socket.socket(40, kind) as probe:
                opened.append(("socket", kind))
                probe.settimeout(0.2)
                probe.connect((2, port))
                opened.append(("connected", port))
        except OSError:
            pass
print(sorted(set(opened)) or "refused")
