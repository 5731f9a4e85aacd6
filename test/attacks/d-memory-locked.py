# expect {"status": ["oom", "error", "ok", "killed"], "outputMatches": "^(refused|locked|)", "maxDurationMs": 12000}
# What is locked can not be swapped; there is no swap, and it counts like the rest.
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
print("refused" if libc.mlockall(3) else "locked", flush=True)
areas = []
while True:
    areas.append(mmap.mmap(-1, 1 << 24))
    areas[-1].write(b"x" * (1 << 24))
