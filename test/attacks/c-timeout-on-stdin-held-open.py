# expect {"status": "timeout", "output": "line: one", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1, "stdin": "one\n"}}
# Keeps the end of its own input from coming.
import os, sys
writer = os.open("/proc/self/fd/0", os.O_WRONLY)
for line in sys.stdin:
    print("line:", line, end="")
