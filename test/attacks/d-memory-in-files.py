# expect {"status": "ok", "output": "/tmp No space left on device True\n/dev/shm No space left on device True", "error": ""}
# What is in memory files is memory: each folder is bounded by itself.
import os
for folder in ("/tmp", "/dev/shm"):
    size = 0
    try:
        with open(folder + "/big", "wb", buffering=0) as file:
            while True:
                size += file.write(bytes(2**20))
    except OSError as error:
        print(folder, error.strerror, size <= 16 * 2**20)
