# expect {"status": "ok", "output": "refused", "error": ""}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = []
for source, target, kind, flags in ((b"none", b"/tmp", b"tmpfs", 0), (b"none", b"/tmp", b"proc", 0), (b"none", b"/tmp", b"cgroup", 0),
                                    (b"none", b"/tmp", b"cgroup2", 0), (b"/", b"/tmp", None, 4096), (b"none", b"/tmp", None, 32),
                                    (b"none", b"/", None, 32 | 4096)):
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), None) == 0:
        done.append((kind, flags))
for call in (lambda: libc.umount2(b"/tmp", 2), lambda: libc.umount2(b"/proc/kcore", 2), lambda: libc.swapon(b"/tmp/x", 0)):
    if call() == 0:
        done.append(call)
print(done or "refused")
