# expect {"status": "ok", "output": "b'ping' b'pair'", "error": ""}
import socket
server = socket.socket(socket.AF_UNIX)
server.bind("here.sock")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("here.sock")
client.send(b"ping")
left, right = socket.socketpair()
left.send(b"pair")
print(server.accept()[0].recv(100), right.recv(100))
