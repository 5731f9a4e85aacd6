# expect {"status": "error", "output": "hook", "error": "ValueError: the program's", "exitCode": 1, "stderrMatches": "^Error in sys\\.excepthook:\nTraceback (?![^]*(?:sandbox|runner|program\\.py))[^]*TypeError: the hook's\n\nOriginal exception was:\nTraceback [^]*ValueError: the program's\n$"}
# The hook is called once; what it raises is no frame of the runner's.
import sys
def hook(kind, error, tb):
    print("hook")
    raise TypeError("the hook's")
sys.excepthook = hook
raise ValueError("the program's")
