# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# The kernel keeps keys by user, not by container.
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
add_key, request_key, keyctl = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}[platform.machine()]
USER_KEYRING, SEARCH = -4, 10
found = []
for ring in (-1, -2, -3, -4, -5):
    if libc.syscall(keyctl, SEARCH, ring, b"user", b"poison", 0) > 0:
        found.append(ring)
    libc.syscall(add_key, b"user", b"poison", b"x", ctypes.c_long(1), ctypes.c_long(ring))
if libc.syscall(request_key, b"user", b"poison", None, ctypes.c_long(USER_KEYRING)) > 0:
    found.append("requested")
print(found or "clean")
