# expect {"status": "ok", "output": "main.py ['one', 'two words', '--flag', '']", "error": "", "request": {"args": ["one", "two words", "--flag", ""]}}
import os, sys
print(os.path.basename(sys.argv[0]), sys.argv[1:])
