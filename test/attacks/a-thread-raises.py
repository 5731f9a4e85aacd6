# expect {"status": "ok", "output": "main goes on", "error": "", "exitCode": 0, "stderrMatches": "^Exception in thread Thread-1 \\(fail\\):\nTraceback [^]*ValueError: in the thread\n$"}
import threading
def fail():
    raise ValueError("in the thread")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print("main goes on")
