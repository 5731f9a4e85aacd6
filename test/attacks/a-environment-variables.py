# expect {"status": "ok", "output": "hello = world\nhello = world\n/elsewhere", "error": "", "request": {"env": {"GREETING": "hello = world", "HOME": "/elsewhere"}}}
import os, subprocess
print(os.environ["GREETING"])
print(subprocess.run(["printenv", "GREETING"], capture_output=True, text=True).stdout, end="")
print(os.path.expanduser("~"))
