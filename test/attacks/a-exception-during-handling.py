# expect {"status": "error", "error": "RuntimeError: outer", "exitCode": 1, "stderrMatches": "^Traceback [^]*KeyError: 'inner'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (?![^]*(?:sandbox|program|runner))[^]*\nRuntimeError: outer\n$"}
try:
    {}["inner"]
except KeyError:
    raise RuntimeError("outer")
