# expect {"status": "ok", "output": "refused", "error": ""}
# The kernel has a second table of calls, for 32-bit programs; a filter for the first one does not see them.
import ctypes, mmap, os, platform
def call(code, *arguments):
    area = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    area.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))()
worked = []
if platform.machine() == "x86_64":
    for name, number in (("getpid", 20), ("socket", 359), ("mount", 21), ("add_key", 286), ("unshare", 310), ("ptrace", 26)):
        child = os.fork()
        if child == 0:
            # mov eax, number; xor ebx, ebx; xor ecx, ecx; xor edx, edx; int 0x80; ret
            result = call(b"\x53\xb8" + number.to_bytes(4, "little") + b"\x31\xdb\x31\xc9\x31\xd2\xcd\x80\x5b\xc3")
            os._exit(0 if result in (-1, -38) else 1)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            worked.append(name)
print(worked or "refused")
