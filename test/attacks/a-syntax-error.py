# expect {"status": "error", "output": "", "error": "SyntaxError: invalid syntax", "exitCode": 1, "stderrMatches": "^  File \"main\\.py\", line 4\n    int a = 1\n        \\^\nSyntaxError: invalid syntax\n$"}
print("never printed")

int a = 1
