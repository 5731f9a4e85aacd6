# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
import os, resource, signal, subprocess
found = [name for name in os.environ if "POISON" in name]
if os.umask(0o777) != 0o022:
    found.append("umask")
if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL or signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)):
    found.append("signals")
if os.getpriority(os.PRIO_PROCESS, 0) != 0:
    found.append("priority")
if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 256:
    found.append("limits")
os.environ["POISON"] = os.environ["PYTHONSTARTUP"] = "1"
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.nice(5)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
print(found or "clean")
