# expect {"status": "ok", "output": "refused", "error": ""}
# The way of "shocker": a file of the host by the number of its inode.
import ctypes, errno, os, struct
libc = ctypes.CDLL(None, use_errno=True)
done = []
handle = ctypes.create_string_buffer(struct.pack("IiQ", 8, 1, 2) + bytes(120))
for path in ("/etc/hosts", "/etc/hostname", "/"):
    fd = os.open(path, os.O_RDONLY)
    if libc.open_by_handle_at(fd, handle, os.O_RDONLY) >= 0:
        done.append(path)
print(done or "refused")
