# expect {"status": "ok", "outputMatches": "^\\d+ True$", "error": ""}
# A setuid file made by the program itself, and a copy of a program of the image.
import os, shutil, stat, subprocess
shutil.copy("/bin/sh", "sh")
os.chmod("sh", 0o6755)
try:
    who = subprocess.run(["./sh", "-c", "id -u"], capture_output=True, text=True).stdout.strip() or str(os.getuid())
except OSError:
    who = str(os.getuid())
print(who, who == str(os.getuid()) != "0")
