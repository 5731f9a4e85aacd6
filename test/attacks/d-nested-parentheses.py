# expect {"status": "error", "error": "SyntaxError: too many nested parentheses", "exitCode": 1}
eval("(" * 10**5)
