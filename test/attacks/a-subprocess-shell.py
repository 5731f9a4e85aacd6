# expect {"status": "ok", "output": "HI\n3\npopen", "error": ""}
import os, subprocess
subprocess.run("echo hi | tr a-z A-Z", shell=True, check=True)
print(os.waitstatus_to_exitcode(os.system("exit 3")))
print(os.popen("echo popen").read(), end="")
