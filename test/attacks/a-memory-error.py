# expect {"status": "error", "error": "MemoryError", "exitCode": 1, "stderrMatches": "\nMemoryError\n$"}
# More than an address can name.
import sys
bytearray(sys.maxsize)
