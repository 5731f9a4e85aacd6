# expect {"status": ["killed", "ok"], "outputMatches": "^before", "errorMatches": "^(Killed by SIG(KILL|XCPU)|)$", "maxDurationMs": 5000}
# Takes memory, descriptors and time away from the runner.
import os, resource, time
print("before")
time.sleep(0.3)
for limit in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
    try:
        resource.prlimit(os.getppid(), limit, (0, 0))
    except PermissionError:
        pass
time.sleep(0.3)
