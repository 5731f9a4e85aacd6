# expect {"status": "ok", "output": "refused\nown child: True", "error": ""}
# The memory of the runner and of process 1 is closed; a program may trace its own children.
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
ATTACH, DETACH, SEIZE = 16, 17, 0x4206
done = []
for pid in {1, os.getppid()}:
    for request in (ATTACH, SEIZE):
        if libc.ptrace(request, pid, None, None) == 0:
            done.append(("ptrace", pid))
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
    if libc.process_vm_readv(pid, vector, ctypes.c_ulong(1), vector, ctypes.c_ulong(1), ctypes.c_ulong(0)) >= 0:
        done.append(("process_vm_readv", pid))
    for name in ("mem", "maps", "environ", "auxv", "stack", "syscall"):
        try:
            open(f"/proc/{pid}/{name}", "rb").read(1)
            done.append((name, pid))
        except OSError:
            pass
    for name in ("exe", "cwd", "root"):
        try:
            os.readlink(f"/proc/{pid}/{name}")
            done.append((name, pid))
        except OSError:
            pass
print(done or "refused")
child = os.fork()
if child == 0:
    time.sleep(60)
print("own child:", libc.ptrace(ATTACH, child, None, None) == 0 or ctypes.get_errno() == 1)
