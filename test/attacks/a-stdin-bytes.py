# expect {"status": "ok", "output": "b'one\\r\\n\\xc3\\xa9\\x00end'\nb''", "error": "", "request": {"stdin": "one\r\né\u0000end"}}
# Without a final newline, with a NUL: exact bytes, then the end.
import sys
print(sys.stdin.buffer.read())
print(sys.stdin.buffer.read())
