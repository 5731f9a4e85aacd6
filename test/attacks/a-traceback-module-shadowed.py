# expect {"status": "error", "error": "ValueError: x", "exitCode": 1, "stderrMatches": "^Traceback (?![^]*(?:sandbox|runner|program))[^]*\nValueError: x\n$"}
# A file of the program's has the name of the module that explains exceptions.
with open("traceback.py", "w") as file:
    file.write("raise SystemExit(0)\n")
raise ValueError("x")
