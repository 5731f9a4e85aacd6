# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Shared memory, semaphores and queues that outlive their process have fixed keys.
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
KEY, CREATE, EXCLUSIVE = 0x5AFE, 0o1000, 0o2000
found = []
for name, get in (("shm", lambda flags: libc.shmget(KEY, 4096, flags)), ("sem", lambda flags: libc.semget(KEY, 1, flags)),
                  ("msg", lambda flags: libc.msgget(KEY, flags))):
    if get(0o600) != -1:
        found.append(name)
    get(CREATE | EXCLUSIVE | 0o600)
print(found or "clean")
