# expect {"status": "ok", "output": "before", "error": "", "exitCode": 0}
import sys
print("before")
sys.exit(0)
