# expect {"status": "timeout", "output": "first\nhalf a line", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# Neither flushed nor ended.
print("first")
print("half a line", end="")
while True:
    pass
