# expect {"status": "ok", "output": "refused", "error": ""}
# Sets the address of the loopback device, its flags, and a route.
import fcntl, socket, struct
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
done = []
for request, payload in ((0x8916, struct.pack("16sH2x4s8x", b"lo", socket.AF_INET, socket.inet_aton("10.0.0.2"))),
                         (0x8914, struct.pack("16sH14x", b"lo", 0)), (0x890B, bytes(120))):
    try:
        fcntl.ioctl(control, request, payload)
        done.append(hex(request))
    except OSError:
        pass
print(done or "refused")
