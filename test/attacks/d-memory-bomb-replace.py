# expect {"status": ["oom", "error"], "errorMatches": "^(Container killed by memory limit \\(128 MB\\)|MemoryError)$"}
("a" * 10**6).replace("a", "b" * 10**6)
