# expect {"status": "output_limit", "error": "Output limit of 1 MB exceeded", "truncated": true, "outputMatches": "^o{600000}$", "stderrMatches": "^e{400000,448576}$"}
import os, time
os.write(1, b"o" * 600_000)
time.sleep(0.2)
os.write(2, b"e" * 600_000)
