# expect {"status": "error", "error": "ValueError: half \\ud800", "exitCode": 1, "stderrMatches": "\nValueError: half \\\\ud800\n$"}
# Python writes what has no UTF-8 form with a backslash.
raise ValueError("half \ud800")
