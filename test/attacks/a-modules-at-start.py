# expect {"status": "ok", "output": "[]", "error": ""}
# Nothing is loaded that a plain Python would not have loaded.
import sys
own = set(sys.modules)
import subprocess
command = [sys.executable, "-c", "import sys; print(*sys.modules)"]
print(sorted(own - set(subprocess.run(command, capture_output=True, text=True).stdout.split())))
