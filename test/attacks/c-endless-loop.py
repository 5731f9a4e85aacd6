# expect {"status": "timeout", "output": "", "error": "Execution timed out after 1 second", "exitCode": null, "signal": "SIGKILL", "truncated": false, "request": {"timeoutSeconds": 1}}
while True:
    pass
