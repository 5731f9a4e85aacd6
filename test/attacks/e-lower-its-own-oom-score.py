# expect {"status": "oom", "outputMatches": "^(refused|\\[.*\\])$", "error": "Container killed by memory limit (128 MB)"}
# As the least likely victim it would outlive the runner. Where the engine has no CAP_SYS_RESOURCE it may go down to 0, and
# never below; elsewhere not below 500, which it was started with. The end is the same.
import os
done = []
for value in ("-1000", "-500", "-1", "0", "100", "499"):
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(value)
        done.append(value)
    except OSError:
        pass
assert not [value for value in done if value.startswith("-")]
print(done or "refused", flush=True)
blocks = []
while True:
    blocks.append(bytearray(1 << 20))
