# expect {"status": ["oom", "killed", "error"], "output": "", "errorMatches": "^(Container killed by memory limit \\(128 MB\\)|Killed by SIGSEGV|RecursionError: .*|MemoryError)$"}
# Recursion without Python's own limit.
import sys
sys.setrecursionlimit(2**31 - 1)
def f(x):
    return [f([x])]
f(0)
