# expect {"status": "killed", "error": "Killed by SIGXCPU", "signal": "SIGXCPU", "request": {"timeoutSeconds": 8}}
# The program limits its own processor time: that is not our limit.
import resource
resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
while True:
    pass
