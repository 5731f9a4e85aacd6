# expect {"status": "ok", "output": "refused", "error": "", "maxDurationMs": 5000}
# Public hosts, the private networks of engines and clouds, both kinds of address: at once, not after a while.
import socket, time
reached, start = [], time.monotonic()
for host, port in (("1.1.1.1", 443), ("8.8.8.8", 53), ("169.254.169.254", 80), ("172.17.0.1", 2375), ("172.17.0.1", 5000),
                   ("10.0.0.1", 22), ("192.168.0.1", 80), ("2606:4700:4700::1111", 443), ("fe80::1", 80)):
    try:
        socket.create_connection((host, port), timeout=3).close()
        reached.append(host)
    except OSError:
        pass
print(reached or ("refused" if time.monotonic() - start < 3 else "slow"))
