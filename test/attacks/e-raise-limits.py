# expect {"status": "ok", "output": "refused\nrefused\nrefused\nrefused", "error": ""}
import os, resource
def attempt(action, *args):
    try:
        action(*args)
        print("accepted")
    except (OSError, ValueError):
        print("refused")
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (hard, hard + 1))
attempt(os.nice, -20)
attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50))
attempt(os.setpriority, os.PRIO_PROCESS, os.getppid(), -5)
