# expect {"status": "error", "error": "ValueError: first line\nsecond line", "exitCode": 1, "stderrMatches": "\nValueError: first line\nsecond line\n$"}
raise ValueError("first line\nsecond line")
