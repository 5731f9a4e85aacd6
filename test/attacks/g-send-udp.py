# expect {"status": "ok", "output": "refused", "error": ""}
import socket
sent = []
for family, address in ((socket.AF_INET, ("8.8.8.8", 53)), (socket.AF_INET, ("255.255.255.255", 9)),
                        (socket.AF_INET, ("172.17.0.1", 53)), (socket.AF_INET6, ("2001:4860:4860::8888", 53))):
    try:
        sender = socket.socket(family, socket.SOCK_DGRAM)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.sendto(b"x", address)
        sent.append(address)
    except OSError:
        pass
print(sent or "refused")
