# expect {"status": "ok", "output": "in time", "error": "", "request": {"timeoutSeconds": 2}}
import time
time.sleep(1.6)
print("in time")
