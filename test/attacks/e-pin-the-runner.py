# expect {"status": "ok", "output": "refused; its own: done", "error": ""}
# Takes the CPUs away from the runner and from process 1, or their place in the order of the scheduler.
import ctypes, os
done = []
for process in (1, os.getppid(), os.getppid() + (1 << 32)):
    for call in (203, 142, 144) if os.uname().machine == "x86_64" else (122, 118, 119):  # sched_setaffinity, -param, -scheduler
        if ctypes.CDLL(None).syscall(ctypes.c_long(call), ctypes.c_long(process), ctypes.c_long(1 << 30), ctypes.byref(ctypes.c_long(1))) == 0:
            done.append((process, call))
for process in (1, os.getppid()):
    for name, arguments in (("sched_setaffinity", ({0},)), ("sched_setparam", (os.sched_param(0),)), ("sched_setscheduler", (os.SCHED_IDLE, os.sched_param(0))), ("setpriority", ())):
        try:
            os.setpriority(os.PRIO_PROCESS, process, 19) if name == "setpriority" else getattr(os, name)(process, *arguments)
            done.append((process, name))
        except PermissionError:
            pass
os.sched_setaffinity(0, os.sched_getaffinity(0))
os.sched_setparam(0, os.sched_param(0))
print(done or "refused; its own: done")
