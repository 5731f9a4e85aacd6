# expect {"status": "ok", "output": "before\nchild True\nparent True 0", "error": ""}
# Nothing is printed twice, and both ends of the fork come to the end of the program.
import os
print("before")
start = os.getpid()
pid = os.fork()
if pid:
    _, status = os.waitpid(pid, 0)
    print("parent", os.getpid() == start and pid > 0, status)
else:
    print("child", os.getppid() == start)
