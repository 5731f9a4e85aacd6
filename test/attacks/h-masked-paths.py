# expect {"status": "ok", "output": "masked", "error": ""}
# What Docker hides or closes of /proc and /sys.
import os
open_to_us = []
for path in ("/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"):
    try:
        if os.path.isdir(path) and os.listdir(path):
            open_to_us.append(path)
    except OSError:
        pass
for path in ("/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/kmsg", "/proc/vmallocinfo",
             "/proc/pagetypeinfo", "/proc/slabinfo", "/proc/kpagecount", "/proc/kpageflags", "/sys/kernel/debug/x", "/sys/kernel/tracing/trace"):
    try:
        if open(path, "rb").read(1):
            open_to_us.append(path)
    except OSError:
        pass
addresses = {line.split()[0].strip("0") for line in open("/proc/kallsyms")} if os.access("/proc/kallsyms", os.R_OK) else set()
if addresses - {""}:
    open_to_us.append("/proc/kallsyms")
for path in ("/proc/sysrq-trigger", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/sys/kernel/uevent_helper",
             "/sys/power/state", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/fs/binfmt_misc/register"):
    try:
        os.close(os.open(path, os.O_WRONLY))
        open_to_us.append(path)
    except OSError:
        pass
print(open_to_us or "masked")
