# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# Every process leaves its session and ignores signals, and its parent ends.
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    while True:
        try:
            if os.fork():
                os._exit(0)
            os.setsid()
        except OSError:
            pass
while True:
    try:
        os.wait()
    except OSError:
        pass
