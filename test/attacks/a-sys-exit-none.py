# expect {"status": "ok", "output": "before", "error": "", "exitCode": 0, "signal": null}
import sys
print("before")
sys.exit()
