# expect {"status": "output_limit", "outputMatches": "^(?:x{1024}){1024}$", "error": "Output limit of 1 MB exceeded", "truncated": true}
# The runner sees the last bytes and the end of the program at the same moment.
import os, signal, time
runner = os.getppid()
os.write(1, b"x" * (2**20 - 1))
time.sleep(0.2)
if os.fork() == 0:
    time.sleep(0.3)
    os.kill(runner, signal.SIGCONT)
    os._exit(0)
os.write(1, b"x")
time.sleep(0.0005)
os.kill(runner, signal.SIGSTOP)
os.write(1, b"one more line\n")
os._exit(0)
