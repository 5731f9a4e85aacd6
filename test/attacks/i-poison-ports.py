# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Servers that are left behind on fixed ports and names, each in a session of its own.
import os, signal, socket, time
addresses = [(socket.AF_INET, ("127.0.0.1", 5000)), (socket.AF_INET, ("0.0.0.0", 8080)),
             (socket.AF_UNIX, "\0poison"), (socket.AF_UNIX, "/tmp/poison.sock")]
found, servers = [], []
for family, address in addresses:
    try:
        server = socket.socket(family)
        server.bind(address)
        server.listen()
        servers.append(server)
    except OSError as error:
        found.append((address, str(error)))
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.closerange(0, 3)
    time.sleep(600)
print(found or "clean")
