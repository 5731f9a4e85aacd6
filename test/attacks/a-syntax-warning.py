# expect {"status": "ok", "output": "\\d", "error": "", "exitCode": 0, "stderrMatches": "^[^\n]*main\\.py:2: SyntaxWarning: invalid escape sequence '\\\\d'\n[^\n]*\n$"}
print("\d")
