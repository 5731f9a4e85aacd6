# expect {"status": "killed", "output": "before", "error": "Killed by SIGSEGV", "exitCode": null, "signal": "SIGSEGV"}
import ctypes
print("before")
ctypes.string_at(0)
