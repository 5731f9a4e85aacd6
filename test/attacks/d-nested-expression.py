# expect {"status": ["error", "killed", "oom"], "errorMatches": "^(RecursionError: .*|MemoryError.*|Killed by SIGSEGV|Container killed by memory limit \\(128 MB\\))$"}
eval("-" * 10**5 + "1")
