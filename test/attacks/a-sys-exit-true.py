# expect {"status": "error", "error": "Exited with code 1", "exitCode": 1, "stderrMatches": "^$"}
import sys
sys.exit(True)
