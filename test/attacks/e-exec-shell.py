# expect {"status": "error", "outputMatches": "^before\nuid 20\\d{3}\n0$", "error": "Exited with code 3", "exitCode": 3}
# The program becomes another one.
import os
print("before")
os.execl("/bin/sh", "sh", "-c", "echo uid $(id -u); env | grep -c -i -E 'token|secret|password|api_key'; exit 3")
