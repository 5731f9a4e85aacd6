# expect {"status": "error", "errorMatches": "^ValueError: €{2000,}(?:…|\\.\\.\\.)?$", "exitCode": 1, "stderrMatches": "\nValueError: €{20000}\n$"}
# Where the sentence is cut, it is not cut inside a character.
raise ValueError("€" * 20_000)
