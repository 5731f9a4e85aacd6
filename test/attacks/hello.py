# expect {"status": "ok", "output": "4", "error": "", "exitCode": 0, "signal": null, "truncated": false}
print(2 + 2)
