# expect {"status": "error", "output": "", "error": "OSError: [Errno 28] No space left on device", "exitCode": 1}
with open("big", "wb", buffering=0) as file:
    while True:
        file.write(bytes(2**20))
