# expect {"status": ["error", "timeout", "killed", "ok"], "maxDurationMs": 3500, "request": {"timeoutSeconds": 2}}
import os, subprocess
while True:
    try:
        subprocess.Popen(["/bin/sh", "-c", "while :; do sh -c : & done"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        pass
