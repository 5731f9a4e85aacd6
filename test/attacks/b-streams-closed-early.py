# expect {"status": "error", "output": "before", "error": "Exited with code 6", "exitCode": 6, "maxDurationMs": 5000}
# The end of the streams is not the end of the program.
import os, time
print("before")
for fd in (0, 1, 2):
    os.close(fd)
time.sleep(0.3)
os._exit(6)
