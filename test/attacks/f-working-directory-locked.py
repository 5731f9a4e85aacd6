# expect {"status": "error", "output": "locked", "error": "ValueError: x", "exitCode": 1}
# Takes away all rights to the folder, the file and the way there.
import os
os.chmod("main.py", 0)
os.chmod("/tmp/work", 0)
print("locked")
raise ValueError("x")
