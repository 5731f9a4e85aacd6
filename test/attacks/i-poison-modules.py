# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Changes what all code uses, and looks whether an earlier run did.
import builtins, json, os, random, string, sys
marked = [thing for thing in (builtins, json, os, sys, random) if hasattr(thing, "poisoned")]
if json.dumps(1) != "1" or sys.getrecursionlimit() != 1000 or sys.getswitchinterval() != 0.005:
    marked.append("settings")
for thing in (builtins, json, os, sys, random):
    thing.poisoned = True
sys.setrecursionlimit(500)
sys.setswitchinterval(1)
json.dumps = lambda *_: "poisoned"
os.environ["POISON"] = "1"
print(marked or "clean")
builtins.print = builtins.open = builtins.__import__ = None
