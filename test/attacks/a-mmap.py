# expect {"status": "ok", "output": "b'HELLO world' 42", "error": ""}
# A file and memory shared with a child.
import mmap, os
with open("data", "w+b") as file:
    file.write(b"hello world")
    file.flush()
    with mmap.mmap(file.fileno(), 0) as view:
        view[:5] = b"HELLO"
text = open("data", "rb").read()
shared = mmap.mmap(-1, 4096)
pid = os.fork()
if pid == 0:
    shared[0] = 42
    os._exit(0)
os.waitpid(pid, 0)
print(text, shared[0])
