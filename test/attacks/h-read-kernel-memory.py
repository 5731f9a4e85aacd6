# expect {"status": "ok", "output": "[] 0", "error": ""}
# Memory, keys and firmware of the host are hidden or empty.
import os
read = []
for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats"):
    try:
        if open(path, "rb").read(16):
            read.append(path)
    except OSError:
        pass
print(read, sum(len(os.listdir(path)) for path in ("/sys/firmware", "/proc/scsi", "/proc/acpi") if os.path.isdir(path)))
