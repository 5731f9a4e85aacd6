# expect {"status": ["ok", "oom", "error", "killed"], "outputMatches": "^(still here|)", "maxDurationMs": 12000}
# The kernel remembers names that do not exist.
import os, time
until = time.monotonic() + 3
count = 0
while time.monotonic() < until:
    for _ in range(1000):
        os.path.lexists(f"/tmp/{count:0200}")
        count += 1
print("still here")
