# expect {"status": "ok", "output": "refused\nSIGABRT False []", "error": "", "exitCode": 0}
import os, resource, signal
try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("accepted")
except ValueError:
    print("refused")
pid = os.fork()
if pid == 0:
    os.abort()
_, status = os.waitpid(pid, 0)
cores = [name for folder in (".", "/tmp", "/dev/shm") for name in os.listdir(folder) if "core" in name]
print(signal.Signals(os.WTERMSIG(status)).name, os.WCOREDUMP(status), cores)
