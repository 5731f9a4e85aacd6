# expect {"status": "ok", "output": "['work'] [] []", "error": ""}
# Nothing of an earlier run, nothing of the runner.
import os
print(os.listdir("/tmp"), os.listdir("/dev/shm"), os.listdir("/var/tmp"))
