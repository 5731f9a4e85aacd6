# expect {"status": "ok", "error": "", "runs": 3, "distinctOutputs": true}
# With the seed of another's run one could choose names that collide in dictionaries.
print(hash("a"), hash("b"), hash(b"c"))
