# expect {"status": "ok", "output": "SIGUSR1\nSIGTERM\nSIGALRM", "error": ""}
import os, signal
def show(number, frame):
    print(signal.Signals(number).name)
for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM):
    signal.signal(number, show)
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGTERM)
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
