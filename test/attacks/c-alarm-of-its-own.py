# expect {"status": "killed", "output": "waiting", "error": "Killed by SIGALRM", "exitCode": null, "signal": "SIGALRM"}
import signal
print("waiting")
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.pause()
