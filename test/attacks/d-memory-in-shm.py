# expect {"status": "ok", "outputMatches": "^full at (15|16) MB$", "error": ""}
import os
written = 0
try:
    with open("/dev/shm/fill", "wb", buffering=0) as file:
        while True:
            written += file.write(bytes(1 << 16))
except OSError:
    print(f"full at {written >> 20} MB")
