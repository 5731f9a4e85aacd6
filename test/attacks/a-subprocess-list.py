# expect {"status": "ok", "output": "one two\n0", "error": ""}
import subprocess
print(subprocess.run(["echo", "one two"]).returncode)
