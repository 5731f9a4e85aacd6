# expect {"status": "ok", "output": "refused", "error": ""}
import os, resource
done = []
for pid in {1, os.getppid()}:
    for limit in range(16):
        for action in (lambda: resource.prlimit(pid, limit), lambda: resource.prlimit(pid, limit, (0, 0))):
            try:
                action()
                done.append((pid, limit))
            except (OSError, ValueError):
                pass
print(done or "refused")
