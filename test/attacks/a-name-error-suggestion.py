# expect {"status": "error", "error": "NameError: name 'pritn' is not defined. Did you mean: 'print'?", "exitCode": 1}
pritn("hello")
