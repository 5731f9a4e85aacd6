# expect {"status": "error", "error": "TabError: inconsistent use of tabs and spaces in indentation", "exitCode": 1, "stderrMatches": "File \"main\\.py\", line 4\n"}
if True:
        x = 1
	y = 2
