# expect {"status": "error", "output": "child ended with 1", "error": "Exited with code 3", "exitCode": 3, "stderrMatches": "ValueError: of the child\n$"}
# The exception of a forked child is not the error of the program.
import os, sys
pid = os.fork()
if pid == 0:
    raise ValueError("of the child")
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
sys.exit(3)
