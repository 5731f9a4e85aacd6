# expect {"status": "error", "output": "", "error": "MemoryError", "exitCode": 1, "stderrMatches": "^Traceback [^]*\nMemoryError\n$"}
# The program limits its own address space.
import resource
resource.setrlimit(resource.RLIMIT_AS, (200 * 2**20, 200 * 2**20))
bytearray(10**9)
