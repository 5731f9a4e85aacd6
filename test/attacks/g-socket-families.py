# expect {"status": "ok", "output": "[1, 2, 10]", "error": ""}
# All families that the kernel knows, in every kind.
import socket
opened = set()
for family in range(1, 47):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        for protocol in (0, 1, 6, 15, 17, 132, 255):
            try:
                socket.socket(family, kind, protocol).close()
                opened.add((family, kind))
            except (OSError, OverflowError):
                pass
raw = sorted((family, kind) for family, kind in opened if family != 1 and kind in (3, 10))
print(raw or sorted({family for family, _ in opened}))
