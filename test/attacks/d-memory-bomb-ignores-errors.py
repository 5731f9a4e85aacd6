# expect {"status": "oom", "error": "Container killed by memory limit (128 MB)", "exitCode": null, "signal": "SIGKILL"}
blocks = []
while True:
    try:
        blocks.append(bytes(range(256)) * 40_000)
    except BaseException:
        pass
