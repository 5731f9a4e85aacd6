# expect {"status": "ok", "output": "refused", "error": ""}
import os
opened = []
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward",
             "/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/proc/irq/default_smp_affinity", "/proc/1/oom_score_adj"):
    try:
        os.close(os.open(path, os.O_WRONLY))
        opened.append(path)
    except OSError:
        pass
try:
    os.write(os.open("/proc/self/uid_map", os.O_WRONLY), b"0 65534 1")
    opened.append("uid_map")
except OSError:
    pass
print(opened or "refused")
