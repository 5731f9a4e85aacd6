# expect {"status": "ok", "output": "utf-8 utf-8 utf-8\nFalse False False\n(80, 24)\nvia /dev/stdout", "error": "", "stderrMatches": "^via /dev/stderr\n$"}
import shutil, sys
print(sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding)
print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())
print(tuple(shutil.get_terminal_size()))
for name in ("stdout", "stderr"):
    with open(f"/dev/{name}", "w") as file:
        print(f"via /dev/{name}", file=file)
