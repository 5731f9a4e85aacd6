# expect {"status": "ok", "output": "main ends\nthread ends\natexit", "error": ""}
# Python waits for its threads.
import atexit, threading, time
def late():
    time.sleep(0.2)
    print("thread ends")
atexit.register(print, "atexit")
threading.Thread(target=late).start()
print("main ends")
