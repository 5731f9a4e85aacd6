# expect {"status": "timeout", "outputMatches": "^burning", "maxCpuMs": 3400, "request": {"timeoutSeconds": 2}}
# Children that end before anybody looks, so that their time would be nobody's.
import os
print("burning", flush=True)
while True:
    try:
        children = [os.fork() for _ in range(2)]
    except OSError:
        continue
    if 0 in children:
        sum(range(100_000))
        os._exit(0)
    os.wait()
    os.wait()
