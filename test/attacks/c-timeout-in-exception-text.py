# expect {"status": "timeout", "output": "", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
class Endless(Exception):
    def __str__(self):
        while True:
            pass
raise Endless
