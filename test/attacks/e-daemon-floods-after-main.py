# expect {"status": ["error", "output_limit"], "outputMatches": "^main ended(\n|$)", "errorMatches": "^(Exited with code 5|Output limit of 1 MB exceeded)$", "maxDurationMs": 5000}
# A child goes on writing while the program ends.
import os
print("main ended")
if os.fork() == 0:
    while True:
        os.write(1, b"flood\n" * 1000)
os._exit(5)
