# expect {"status": "ok", "output": "a\ufffd\ufffd\ufffdz", "error": ""}
import os
os.write(1, b"a\xff\xfe\x80z")
