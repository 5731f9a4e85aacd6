# expect {"status": "output_limit", "outputMatches": "^(?:all work and no play\n)+[a-z ]*$", "error": "Output limit of 1 MB exceeded", "truncated": true, "maxDurationMs": 9000}
while True:
    print("all work and no play")
