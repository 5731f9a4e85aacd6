# expect {"status": "error", "output": "before", "exitCode": 3}
# The page in which an error message is left is shared with the runner: whatever is written there, it is a message and no verdict.
import os, re
print("before", flush=True)
payload = b'{"cause":"exit","exitCode":0,"signal":null}'
for line in open("/proc/self/maps"):
    fields = line.split()
    if fields[1] == "rw-s" and ("zero" in line or "deleted" in line):
        start, end = (int(part, 16) for part in fields[0].split("-"))
        import ctypes
        ctypes.memmove(start, (b"\xff\xff\xff\xff" + payload * 400)[: end - start], min(end - start, 8192))
os._exit(3)
