# expect {"status": "ok", "output": "hidden", "error": ""}
# Where the container is in the host's tree of groups.
import re
lines = open("/proc/self/cgroup").read().split()
print("hidden" if all(line.endswith(":/") for line in lines) else lines)
