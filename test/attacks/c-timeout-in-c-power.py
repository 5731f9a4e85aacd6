# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# One call into C that never looks up.
10 ** (10**8)
