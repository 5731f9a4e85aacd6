# expect {"status": "ok", "output": "['0', '1', '2', '3']\n1 thread, no children", "error": ""}
# What an ordinary Python starts with: three streams (the fourth reads this folder), one thread, no child.
import os, threading
print(sorted(os.listdir("/proc/self/fd")))
try:
    os.waitpid(-1, os.WNOHANG)
    print("a child")
except ChildProcessError:
    print(threading.active_count(), "thread, no children")
