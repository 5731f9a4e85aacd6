# expect {"status": "error", "error": "Exited with code 1", "exitCode": 1, "stderrMatches": "^\n?$"}
# The object can't be turned into text: Python ends with 1 and prints nothing of it.
import sys
class Silent:
    def __str__(self):
        raise ValueError("no words")
sys.exit(Silent())
