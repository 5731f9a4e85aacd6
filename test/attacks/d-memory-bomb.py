# expect {"status": "oom", "output": "before", "error": "Container killed by memory limit (128 MB)", "exitCode": null, "signal": "SIGKILL"}
print("before")
blocks = []
while True:
    blocks.append(bytearray(1024 * 1024))
