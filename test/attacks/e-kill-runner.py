# expect {"status": "killed", "output": "before", "error": "Killed by SIGKILL", "exitCode": null, "signal": "SIGKILL", "maxDurationMs": 5000}
import os, time
print("before")
time.sleep(0.3)
os.kill(os.getppid(), 9)
time.sleep(60)
