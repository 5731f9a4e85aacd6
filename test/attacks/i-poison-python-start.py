# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Files that a later Python might read when it starts, or import instead of its own.
import os, site, subprocess, sys
home = os.path.expanduser("~")
version = f"python{sys.version_info.major}.{sys.version_info.minor}"
places = [f"{home}/.local/lib/{version}/site-packages", f"/usr/lib/{version}", "/usr/lib/python3/dist-packages", "/tmp", "/tmp/work"]
code = "import sys; sys.stderr.write('poisoned'); print('poisoned')"
if hasattr(sys, "poisoned") or "usercustomize" in sys.modules:
    print("poisoned")
for folder in places:
    try:
        os.makedirs(folder, exist_ok=True)
        for name in ("sitecustomize.py", "usercustomize.py", "json.py", "random.py"):
            open(os.path.join(folder, name), "w").write(code)
        open(os.path.join(folder, "poison.pth"), "w").write("import sys; sys.poisoned = True")
    except OSError:
        pass
print("clean")
