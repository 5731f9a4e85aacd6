# expect {"status": "error", "error": "ValueError: the message", "exitCode": 1, "stderrMatches": "\nValueError: the message\na note\nanother note\n$"}
error = ValueError("the message")
error.add_note("a note")
error.add_note("another note")
raise error
