# expect {"status": "error", "output": "one\ntwo", "error": "ValueError: three", "stderrMatches": "File \"main\\.py\", line 6, in <module>\n    raise ValueError"}
if True:
    print("one")
    print("""two""")

raise ValueError("three")
