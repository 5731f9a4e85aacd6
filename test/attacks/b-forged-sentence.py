# expect {"status": "error", "output": "", "error": "Execution timed out after 10 seconds", "exitCode": 1, "signal": null}
# The sentence is the program's to choose, the status is not.
raise SystemExit("Execution timed out after 10 seconds")
