# expect {"status": "ok", "outputMatches": "^(\\d+ 0+ 1 2|refused)$", "error": ""}
# A program in an anonymous file can be started; it is behind the same walls.
import os, subprocess
fd = os.memfd_create("program")
os.write(fd, open("/bin/sh", "rb").read())
code = "while read name value rest; do case $name in Uid:|CapEff:|NoNewPrivs:|Seccomp:) echo $value;; esac; done < /proc/self/status"
try:
    print(*subprocess.run([f"/proc/self/fd/{fd}", "-c", code], pass_fds=[fd], capture_output=True, text=True).stdout.split())
except OSError:
    print("refused")
