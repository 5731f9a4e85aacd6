# expect {"status": ["killed", "ok"], "outputMatches": "^before", "errorMatches": "^(Killed by SIGKILL|)$", "maxDurationMs": 5000}
# All processes that it may signal, but itself.
import os, time
print("before")
time.sleep(0.3)
os.kill(-1, 9)
time.sleep(0.3)
