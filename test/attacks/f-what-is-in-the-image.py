# expect {"status": "ok", "output": "root nobody\n[] []\nrefused", "error": ""}
# Users of the image, no homes, nothing of root's.
import os, pwd
print(pwd.getpwuid(0).pw_name, pwd.getpwuid(os.getuid()).pw_name)
print(os.listdir("/home"), os.listdir("/mnt"))
for path in ("/etc/shadow", "/root"):
    try:
        open(path).read() if os.path.isfile(path) else os.listdir(path)
        print("read", path)
        break
    except OSError:
        pass
else:
    print("refused")
