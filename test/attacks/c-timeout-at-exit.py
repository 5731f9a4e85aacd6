# expect {"status": "timeout", "output": "main ended", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import atexit
@atexit.register
def never_ends():
    while True:
        pass
print("main ended")
