# expect {"status": "killed", "output": "before", "error": "Killed by SIGTERM", "exitCode": null, "signal": "SIGTERM"}
# Signal number 0 as a process is the whole group.
import os, signal
print("before")
os.kill(0, signal.SIGTERM)
