# expect {"status": "ok", "output": "main\nsecond\nfirst", "error": ""}
import atexit
atexit.register(print, "first")
atexit.register(print, "second")
print("main")
