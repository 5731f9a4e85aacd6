# expect {"status": "ok", "outputMatches": "^(?:o{1000}){300}$", "stderrMatches": "^(?:e{1000}){300}$", "error": "", "truncated": false}
# Neither stream waits for the other to be read.
import os
for _ in range(300):
    os.write(2, b"e" * 1000)
    os.write(1, b"o" * 1000)
