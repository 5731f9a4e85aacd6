# expect {"status": ["killed", "ok"], "outputMatches": "^before", "errorMatches": "^(Killed by SIG(KILL|TERM|ALRM)|)$", "maxDurationMs": 5000}
import os, signal, time
print("before")
time.sleep(0.3)
for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    try:
        os.kill(1, number)
    except PermissionError:
        pass
time.sleep(0.3)
print("still here")
