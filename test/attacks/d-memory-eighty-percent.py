# expect {"status": "ok", "output": "99614720", "error": ""}
block = bytearray(95 * 1024 * 1024)
for i in range(0, len(block), 4096):
    block[i] = 1
print(len(block))
