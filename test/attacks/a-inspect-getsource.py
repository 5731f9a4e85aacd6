# expect {"status": "ok", "output": "def f(x):\n    return x + 1\n\nclass C:\n    \"\"\"doc\"\"\"\n    y = 1\n\ndef f(x):\n    return x + 1\n", "error": ""}
# Of a function and of a class, and after the working directory has changed.
import inspect, os
def f(x):
    return x + 1
class C:
    """doc"""
    y = 1
print(inspect.getsource(f))
print(inspect.getsource(C))
os.chdir("/")
inspect.linecache.clearcache()
print(inspect.getsource(f))
