# expect {"status": "output_limit", "output": "before", "error": "Output limit of 1 MB exceeded", "truncated": true, "maxDurationMs": 9000, "stderrMatches": "^e{1000000}"}
import os
print("before")
while True:
    os.write(2, b"e" * 10000)
