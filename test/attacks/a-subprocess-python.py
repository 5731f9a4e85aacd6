# expect {"status": "ok", "output": "4\n['-c', 'arg']\n7", "error": "", "stderrMatches": "^from the child\n$"}
import subprocess, sys
code = "import sys; print(2 + 2); print(sys.argv); print('from the child', file=sys.stderr); sys.exit(7)"
print(subprocess.run([sys.executable, "-c", code, "arg"]).returncode)
