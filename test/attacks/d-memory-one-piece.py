# expect {"status": ["oom", "error"], "output": "", "errorMatches": "^(Container killed by memory limit \\(128 MB\\)|MemoryError)$"}
# The kernel promises it or not; it is never given.
bytearray(10**10)
