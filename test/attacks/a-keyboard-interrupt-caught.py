# expect {"status": "ok", "output": "True\ncaught", "error": ""}
# SIGINT has Python's own handler, and no signal is blocked.
import os, signal
print(signal.pthread_sigmask(signal.SIG_BLOCK, []) == set())
try:
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass
except KeyboardInterrupt:
    print("caught")
