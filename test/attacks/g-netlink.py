# expect {"status": "ok", "output": "refused", "error": ""}
import socket
opened = []
for protocol in range(24):
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close()
        opened.append(protocol)
    except OSError:
        pass
print(opened or "refused")
