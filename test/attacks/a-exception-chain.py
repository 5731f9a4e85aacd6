# expect {"status": "error", "error": "RuntimeError: outer", "exitCode": 1, "stderrMatches": "KeyError: 'inner'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback [^]*\nRuntimeError: outer\n$"}
try:
    {}["inner"]
except KeyError as error:
    raise RuntimeError("outer") from error
