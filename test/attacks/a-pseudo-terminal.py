# expect {"status": "ok", "output": "True", "error": ""}
import os, pty
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "test -t 0 && echo terminal"])
print(b"terminal" in os.read(terminal, 100))
os.waitpid(pid, 0)
