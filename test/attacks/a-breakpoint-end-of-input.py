# expect {"status": "error", "error": "bdb.BdbQuit", "exitCode": 1, "maxDurationMs": 5000}
# The debugger reads the end of the input and quits.
breakpoint()
print("not reached")
