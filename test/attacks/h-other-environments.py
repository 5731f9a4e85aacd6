# expect {"status": "ok", "output": "no secrets", "error": ""}
# What can be read of other processes.
import glob, re
found = []
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        found += re.findall(rb"(?i)[^\0]*(?:token|secret|password|api_key|docker)[^\0]*", open(path, "rb").read())
    except OSError:
        pass
print(found or "no secrets")
