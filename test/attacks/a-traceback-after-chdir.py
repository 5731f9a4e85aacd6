# expect {"status": "error", "error": "ValueError: far away", "stderrMatches": "File \"main\\.py\", line 5, in <module>\n    raise ValueError\\(\"far away\"\\)\n"}
# The traceback still shows the source line.
import os
os.chdir("/")
raise ValueError("far away")
