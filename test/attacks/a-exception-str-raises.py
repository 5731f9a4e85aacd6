# expect {"status": "error", "error": "Silent: <exception str() failed>", "exitCode": 1, "stderrMatches": "\nSilent: <exception str\\(\\) failed>\n$"}
class Silent(Exception):
    def __str__(self):
        raise ValueError("no words")
raise Silent()
