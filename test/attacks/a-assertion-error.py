# expect {"status": "error", "error": "AssertionError: three is not four", "exitCode": 1}
assert 3 == 4, "three is not four"
