# expect {"status": "error", "error": "IndentationError: unexpected indent", "exitCode": 1, "stderrMatches": "File \"main\\.py\", line 3\n"}
x = 1
    y = 2
