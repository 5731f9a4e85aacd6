# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import threading
def burn():
    while True:
        pass
for _ in range(8):
    threading.Thread(target=burn).start()
