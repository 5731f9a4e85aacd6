# expect {"status": "ok", "output": "hello from the child", "error": "", "stderrMatches": "^$"}
import multiprocessing
from multiprocessing import shared_memory
def fill(name):
    block = shared_memory.SharedMemory(name)
    block.buf[:20] = b"hello from the child"
    block.close()
if __name__ == "__main__":
    block = shared_memory.SharedMemory(create=True, size=4096)
    process = multiprocessing.Process(target=fill, args=(block.name,))
    process.start()
    process.join()
    print(bytes(block.buf[:20]).decode())
    block.close()
    block.unlink()
