# expect {"status": ["error", "ok", "oom", "killed"], "outputMatches": "^(\\d+ threads|)", "maxDurationMs": 12000}
# Threads that Python does not count.
import ctypes, os
libc = ctypes.CDLL(None)
START = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
idle = ctypes.cast(libc.pause, ctypes.c_void_p)
handle = ctypes.c_ulong()
count = 0
while count < 1000 and libc.pthread_create(ctypes.byref(handle), None, idle, None) == 0:
    count += 1
print(count, "threads", flush=True)
os._exit(0 if count < 64 else 1)
