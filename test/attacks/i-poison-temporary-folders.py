# expect {"status": "ok", "output": "clean", "error": "", "runs": 3}
# Leaves files in every place that can be written, and looks for those of an earlier run.
import os
found = []
for folder in {"/tmp", "/tmp/work", "/dev/shm", os.path.expanduser("~"), "/var/tmp", "/run", "/dev/mqueue", os.getcwd()}:
    mark = os.path.join(folder, ".poison")
    if os.path.lexists(mark):
        found.append(mark)
    try:
        open(mark, "w").write("x")
    except OSError:
        pass
print(found or "clean")
