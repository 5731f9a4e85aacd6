# expect {"status": "ok", "output": "all there", "error": "", "runs": 3}
# The kernel counts some things by user on the whole host: watches, pipe memory, queued signals.
# Run beside each other, none of these programs may lack what another one took.
import ctypes, fcntl, os, time
libc = ctypes.CDLL(None, use_errno=True)
missing = []
watchers = [libc.inotify_init1(0) for _ in range(100)]
if min(watchers) < 0:
    missing.append("inotify")
pipes, size = [], 0
for _ in range(200):
    pipes += os.pipe()
    size += fcntl.fcntl(pipes[-1], fcntl.F_GETPIPE_SZ)
if size < 200 * 65536:
    missing.append(f"pipes of {size // 200}")
time.sleep(0.5)
print(missing or "all there")
