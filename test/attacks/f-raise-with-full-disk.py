# expect {"status": "error", "output": "full", "error": "ValueError: x", "exitCode": 1, "stderrMatches": "\n    raise ValueError\\(\"x\"\\)\nValueError: x\n$"}
import contextlib
with contextlib.suppress(OSError), open("/tmp/big", "wb", buffering=0) as file:
    while file.write(bytes(4096)):
        pass
print("full")
raise ValueError("x")
