# expect {"status": "error", "output": "removed", "error": "ValueError: x", "exitCode": 1, "stderrMatches": "^Traceback (?![^]*(?:sandbox|runner|program))[^]*File \"main\\.py\", line 5, in <module>\n[^]*ValueError: x\n$"}
import os, shutil
shutil.rmtree("/tmp/work")
print("removed")
raise ValueError("x")
