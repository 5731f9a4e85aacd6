# expect {"status": "ok", "output": "kept", "error": "", "exitCode": 0}
import os
print("kept", end="")
os._exit(0)
