# expect {"status": "ok", "output": "refused", "error": ""}
# What administrators call. Each must fail, and not for its arguments.
import ctypes, errno, platform
numbers = {
    "x86_64": {"add_key": 248, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "kexec_load": 246,
               "init_module": 175, "finit_module": 313, "delete_module": 176, "reboot": 169, "settimeofday": 164, "sethostname": 170,
               "setdomainname": 171, "acct": 163, "swapoff": 168, "pivot_root": 155, "quotactl": 179, "move_mount": 429, "fsopen": 430,
               "open_tree": 428, "lookup_dcookie": 212, "syslog": 103, "iopl": 172, "ioperm": 173},
    "aarch64": {"add_key": 217, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "kexec_load": 104,
                "init_module": 105, "finit_module": 273, "delete_module": 106, "reboot": 142, "settimeofday": 170, "sethostname": 161,
                "setdomainname": 162, "acct": 89, "swapoff": 225, "pivot_root": 41, "quotactl": 60, "move_mount": 429, "fsopen": 430,
                "open_tree": 428, "lookup_dcookie": 18, "syslog": 116},
}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
wrong = []
for name, number in numbers.items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6)
    if result != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        wrong.append((name, result, errno.errorcode.get(ctypes.get_errno())))
print(wrong or "refused")
