# expect {"status": "killed", "error": "Killed by SIGSEGV", "signal": "SIGSEGV", "stderrMatches": "^Fatal Python error: Segmentation fault\n[^]*File \"main\\.py\", line 5 in <module>\n"}
# The dump of the stack is all there.
import ctypes, faulthandler
faulthandler.enable()
ctypes.string_at(0)
