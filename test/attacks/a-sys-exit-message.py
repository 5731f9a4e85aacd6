# expect {"status": "error", "output": "before", "error": "msg", "exitCode": 1, "stderrMatches": "^msg\n$"}
import sys
print("before")
sys.exit("msg")
