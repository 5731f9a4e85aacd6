# expect {"status": "ok", "output": "refused", "error": ""}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
before = libc.personality(ctypes.c_ulong(0xFFFFFFFF))
for domain in (0x0008, 0x40000, 0x20000, 0x20008, 0x400000, 0x0200000):
    libc.personality(ctypes.c_ulong(domain))
print("refused" if libc.personality(ctypes.c_ulong(0xFFFFFFFF)) == before else "changed")
