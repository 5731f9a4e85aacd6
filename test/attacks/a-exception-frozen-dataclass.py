# expect {"status": "error", "output": "", "error": "Broken: 7", "exitCode": 1, "stderrMatches": "^Traceback \\(most recent call last\\):\n  File \"main\\.py\", line 6, in <module>\n(?![^]*Traceback)[^]*\nBroken: 7\n$"}
# An exception whose attributes can't be set.
import dataclasses
@dataclasses.dataclass(frozen=True)
class Broken(Exception): code: int
raise Broken(7)
