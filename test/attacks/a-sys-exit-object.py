# expect {"status": "error", "error": "[1, 2]", "exitCode": 1, "stderrMatches": "^\\[1, 2\\]\n$"}
import sys
sys.exit([1, 2])
