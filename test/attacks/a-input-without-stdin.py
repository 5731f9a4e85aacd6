# expect {"status": "error", "output": "name? ", "error": "EOFError: EOF when reading a line", "exitCode": 1, "maxDurationMs": 3000}
input("name? ")
