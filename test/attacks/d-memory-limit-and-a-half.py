# expect {"status": "oom", "output": "", "error": "Container killed by memory limit (128 MB)"}
# There is no swap to go to.
block = bytearray(192 * 1024 * 1024)
for i in range(0, len(block), 4096):
    block[i] = 1
print("too much was given")
