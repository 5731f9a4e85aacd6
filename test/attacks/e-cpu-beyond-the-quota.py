# expect {"status": "timeout", "output": "burning", "maxCpuMs": 3400, "request": {"timeoutSeconds": 2}}
# Sixteen processes want all cores of the host for two seconds; one core's worth is theirs, and a period of grace.
import os
print("burning", flush=True)
for _ in range(4):
    os.fork()
while True:
    pass
