# expect {"status": "ok", "output": "€", "error": ""}
import os, time
os.write(1, b"\xe2\x82")
time.sleep(0.1)
os.write(1, b"\xac")
