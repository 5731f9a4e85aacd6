# expect {"status": "error", "output": "before", "error": "ValueError: after", "exitCode": 1, "stderrMatches": "^Traceback [^]*\nValueError: after\n$"}
print("before")
raise ValueError("after")
