# expect {"status": "error", "error": "ExceptionGroup: several (2 sub-exceptions)", "exitCode": 1, "stderrMatches": "\\| ExceptionGroup: several \\(2 sub-exceptions\\)[^]*\\| ValueError: one\n[^]*\\| TypeError: two\n"}
raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])
