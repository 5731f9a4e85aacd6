# expect {"status": "ok", "output": "", "error": "", "exitCode": 0}
# Nothing to run here.
