# expect {"status": "ok", "output": "at most one CPU", "error": ""}
# Asks for all CPUs of the machine and burns on them.
import os, time
try:
    os.sched_setaffinity(0, range(1024))
except OSError:
    pass
def burn():
    end = time.monotonic() + 1
    while time.monotonic() < end:
        pass
    os._exit(0)
start = time.monotonic()
for _ in range(4):
    if os.fork() == 0:
        burn()
for _ in range(4):
    os.wait()
times = os.times()
share = (times.children_user + times.children_system) / (time.monotonic() - start)
print("at most one CPU" if share < 1.3 else share)
