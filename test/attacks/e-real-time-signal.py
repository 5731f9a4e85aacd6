# expect {"status": "killed", "errorMatches": "^Killed by \\S", "exitCode": null, "request": {"timeoutSeconds": 5}}
# A signal that has a number but hardly a name.
import os, signal
os.kill(os.getpid(), signal.SIGRTMIN + 6)
