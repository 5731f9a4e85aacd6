# expect {"status": "killed", "error": "Killed by SIGKILL (A child process was killed by memory limit (128 MB))", "signal": "SIGKILL"}
# The kernel killed the child for memory; the parent killed itself.
import os, time
pid = os.fork()
if pid == 0:
    blocks = []
    while True:
        blocks.append(bytearray(1024 * 1024))
os.waitpid(pid, 0)
del pid
time.sleep(1)
os.kill(os.getpid(), 9)
