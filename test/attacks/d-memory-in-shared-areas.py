# expect {"status": ["oom", "error", "killed"], "maxDurationMs": 12000}
# Anonymous memory that all children share is nobody's when one of them is killed.
import mmap, os
area = mmap.mmap(-1, 256 << 20)
if os.fork() == 0:
    for offset in range(0, len(area), 4096):
        area[offset] = 1
    os._exit(0)
_, status = os.wait()
for offset in range(0, len(area), 4096):
    area[offset] = 1
