# expect {"status": "oom", "output": "files filled", "error": "Container killed by memory limit (128 MB)"}
for folder in ("/tmp", "/dev/shm"):
    try:
        with open(folder + "/big", "wb", buffering=0) as file:
            while file.write(bytes(2**20)):
                pass
    except OSError:
        pass
print("files filled")
blocks = [bytearray(100 * 2**20)]
print("too much was given")
