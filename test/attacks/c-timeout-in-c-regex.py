# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import re
re.match("(a+)+$", "a" * 40 + "b")
