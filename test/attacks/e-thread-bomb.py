# expect {"status": "error", "output": "", "error": "RuntimeError: can't start new thread", "exitCode": 1}
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
