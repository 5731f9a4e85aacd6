# expect {"status": "error", "output": "before", "error": "Exited with code 3", "exitCode": 3, "signal": null, "stderrMatches": "^$"}
import sys
print("before")
sys.exit(3)
