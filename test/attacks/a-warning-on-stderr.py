# expect {"status": "ok", "output": "ok", "error": "", "exitCode": 0, "stderrMatches": "^[^\n]*main\\.py:3: UserWarning: careful\n  warnings\\.warn\\(\"careful\"\\)\n$"}
import warnings
warnings.warn("careful")
print("ok")
