# expect {"status": "error", "output": "hook: ValueError x", "error": "ValueError: x", "exitCode": 1, "stderrMatches": "^$"}
import sys
sys.excepthook = lambda kind, error, tb: print("hook:", kind.__name__, error)
raise ValueError("x")
