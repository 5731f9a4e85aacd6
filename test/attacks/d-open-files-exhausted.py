# expect {"status": "error", "output": "", "error": "OSError: [Errno 24] Too many open files: '/dev/null'", "exitCode": 1, "stderrMatches": "^Traceback (?![^]*(?:sandbox|runner|program\\.py))[^]*\nOSError: \\[Errno 24\\] Too many open files: '/dev/null'\n$"}
# There is no descriptor left to load anything with.
files = []
while True:
    files.append(open("/dev/null"))
