# expect {"status": "ok", "output": "b'ping'", "error": ""}
import socket
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"ping", receiver.getsockname())
print(receiver.recv(100))
