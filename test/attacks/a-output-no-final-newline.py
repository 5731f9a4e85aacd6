# expect {"status": "ok", "output": "no newline", "error": ""}
print("no newline", end="")
