# expect {"status": "timeout", "output": "before", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
# The runner may compute only when nobody else wants to, and many want to.
import os
print("before")
runner = os.getppid()
try:
    os.setpriority(os.PRIO_PROCESS, runner, 19)
    os.sched_setscheduler(runner, os.SCHED_IDLE, os.sched_param(0))
except OSError:
    pass
for _ in range(5):
    os.fork()
while True:
    pass
