# expect {"status": "ok", "outputMatches": "^\\d+ children$", "error": ""}
# Zombies whose parents are gone come to process 1 or to the runner.
import os
made = 0
for _ in range(60):
    try:
        if os.fork() == 0:
            os.setsid()
            for _ in range(3):
                try:
                    if os.fork() == 0:
                        os._exit(0)
                except OSError:
                    pass
            os._exit(0)
        made += 1
        if made % 8 == 0:
            os.waitpid(-1, os.WNOHANG)
    except OSError:
        try:
            os.wait()
        except ChildProcessError:
            pass
print(made, "children")
