# expect {"status": "ok", "outputMatches": "^\\['nameserver 192\\.0\\.2\\.1'\\]$", "error": ""}
# Docker writes the host's own name servers and domains into the container's file.
print([line.strip() for line in open("/etc/resolv.conf") if line.strip() and not line.startswith("#")])
