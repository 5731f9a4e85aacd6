# expect {"status": ["killed", "ok"], "outputMatches": "^before", "errorMatches": "^(Killed by SIG(KILL|INT)|)$", "stderrMatches": "^$", "maxDurationMs": 5000}
import os, signal, time
print("before")
time.sleep(0.3)
os.kill(os.getppid(), signal.SIGINT)
time.sleep(0.3)
