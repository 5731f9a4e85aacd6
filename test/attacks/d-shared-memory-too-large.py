# expect {"status": ["killed", "error"], "output": "created", "errorMatches": "^(Killed by SIGBUS|OSError: \\[Errno 28\\] No space left on device.*)$"}
# /dev/shm is smaller than what is touched.
from multiprocessing import shared_memory
block = shared_memory.SharedMemory(create=True, size=64 * 2**20)
print("created")
for i in range(0, block.size, 4096):
    block.buf[i] = 1
