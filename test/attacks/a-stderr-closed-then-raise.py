# expect {"status": "error", "error": "ValueError: unseen", "exitCode": 1, "stderrMatches": "^$"}
import os
os.close(2)
raise ValueError("unseen")
