# expect {"status": ["ok", "oom", "error", "killed"], "outputMatches": "^(\\d+ attributes|)", "maxDurationMs": 12000}
# Extended attributes of files in memory.
import os
count = 0
try:
    for file in range(2000):
        open(f"f{file}", "w").close()
        for name in range(16):
            os.setxattr(f"f{file}", f"user.{name}", bytes(60_000))
            count += 1
except OSError:
    pass
print(count, "attributes")
