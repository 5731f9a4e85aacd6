# expect {"status": "ok", "outputMatches": "^20\\d{3} 65534 \\[(65534)?\\]\nTrue\nLinux$", "error": ""}
# The name of the machine is the container's, not the host's.
import os, platform, re, socket
print(os.getuid(), os.getgid(), os.getgroups())
print(bool(re.fullmatch("[0-9a-f]{12}", socket.gethostname())))
print(platform.system())
