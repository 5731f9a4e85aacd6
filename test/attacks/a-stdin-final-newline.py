# expect {"status": "ok", "output": "'one\\ntwo\\n'", "error": "", "request": {"stdin": "one\ntwo\n"}}
import sys
print(repr(sys.stdin.read()))
