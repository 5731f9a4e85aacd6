# expect {"status": "ok", "error": "", "runs": 3, "distinctOutputs": true}
import socket
print(socket.gethostname())
