# expect {"status": "error", "error": "RecursionError: maximum recursion depth exceeded", "exitCode": 1, "stderrMatches": "\\[Previous line repeated \\d+ more times\\]"}
def f():
    f()
f()
