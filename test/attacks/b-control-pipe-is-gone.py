# expect {"status": "ok", "output": "[0, 1, 2]", "error": ""}
# No descriptor of the time before the program is left to it.
import os
print([fd for fd in range(1024) if os.path.exists(f"/proc/self/fd/{fd}") and not os.path.isdir(f"/proc/self/fd/{fd}")])
