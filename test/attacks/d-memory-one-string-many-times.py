# expect {"status": "ok", "output": "300", "error": ""}
# A list that names one string of 1 MB 300 times needs 1 MB.
print(len(["x" * 1024 * 1024] * 300))
