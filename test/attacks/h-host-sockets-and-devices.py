# expect {"status": "ok", "output": "[]", "error": ""}
import glob, os
paths = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd", "/run/podman", "/dev/kvm", "/dev/mem", "/dev/kmem", "/dev/port",
         "/dev/fuse", "/dev/net/tun", "/dev/console", "/dev/loop-control", "/dev/dri", "/dev/kmsg", "/dev/vsock"]
paths += [path for pattern in ("sd*", "vd*", "nvme*", "xvd*", "loop*", "dm-*") for path in glob.glob("/dev/" + pattern)]
print([path for path in paths if os.path.exists(path) and os.access(path, os.R_OK | os.W_OK)])
