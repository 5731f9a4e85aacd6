# expect {"status": "error", "error": "ModuleNotFoundError: No module named 'nosuchmodule'", "exitCode": 1, "maxDurationMs": 3000}
import nosuchmodule
