# expect {"status": "ok", "output": "ran", "error": ""}
# -*- coding: latin-1 -*-
print("ran")
