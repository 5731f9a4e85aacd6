# expect {"status": "killed", "output": "before", "error": "Killed by SIGKILL", "exitCode": null, "signal": "SIGKILL"}
# Fills all memory that it shares with other processes, then dies: those words count for nothing.
import ctypes, os
print("before")
for line in open("/proc/self/maps").read().splitlines():
    addresses, permissions, *_ = line.split()
    if permissions == "rw-s":
        start, end = (int(address, 16) for address in addresses.split("-"))
        ctypes.memset(start, 0x7F, end - start)
os.kill(os.getpid(), 9)
