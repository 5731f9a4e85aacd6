# expect {"status": "ok", "output": "child ended with -9\nparent goes on", "errorMatches": "memory limit \\(128 MB\\)", "exitCode": 0, "signal": null}
# No silent success.
import os
pid = os.fork()
if pid == 0:
    blocks = []
    while True:
        blocks.append(bytearray(1024 * 1024))
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("parent goes on")
