# expect {"status": "oom", "outputMatches": "^refused", "error": "Container killed by memory limit (128 MB)"}
# Wants the kernel to take the runner in its place.
import os
done = []
for pid in {1, os.getppid()}:
    for name, value in (("oom_score_adj", "1000"), ("oom_adj", "15")):
        try:
            with open(f"/proc/{pid}/{name}", "w") as file:
                file.write(value)
            done.append((pid, name))
        except OSError:
            pass
print(done or "refused", flush=True)
blocks = []
while True:
    blocks.append(bytearray(1 << 20))
