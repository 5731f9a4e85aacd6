# expect {"status": "timeout", "output": "ignoring", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
print("ignoring")
while True:
    pass
