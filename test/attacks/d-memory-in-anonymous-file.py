# expect {"status": "oom", "output": "", "error": "Container killed by memory limit (128 MB)"}
# A file that has no name and no folder.
import os
fd = os.memfd_create("bomb")
while True:
    os.write(fd, bytes(2**20))
