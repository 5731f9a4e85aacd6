# expect {"status": "ok", "outputMatches": "^Uid (20\\d{3}) \\1 \\1 \\1\nGid 65534 65534 65534 65534\nCapInh 0\nCapPrm 0\nCapEff 0\nCapBnd 0\nCapAmb 0\nNoNewPrivs 1\nSeccomp 2$", "error": ""}
for line in open("/proc/self/status"):
    name, _, value = line.partition(":")
    if name in ("Uid", "Gid", "NoNewPrivs", "Seccomp"):
        print(name, *value.split())
    elif name.startswith("Cap"):
        print(name, int(value, 16))
