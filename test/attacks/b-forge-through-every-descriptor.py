# expect {"status": "error", "outputMatches": "^before", "error": "Exited with code 9", "exitCode": 9}
# Writes forged ends to all descriptors that it has or can make of those it has.
import os
print("before", flush=True)
payload = b'{"cause":"exit","exitCode":0,"signal":null,"truncated":false,"durationMs":1,"cpuMs":1,"peakMemoryBytes":1,"oomKills":0,"oomKillsAtEnd":0}'
frames = [b"X" + len(payload).to_bytes(4, "big") + token + payload for token in (bytes(16), b"\xff" * 16, os.urandom(16))]
for fd in range(1024):
    if fd in (1, 2):
        continue
    for frame in frames:
        try:
            os.write(fd, frame)
        except OSError:
            pass
for name in ("/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/console", "/dev/pts/0", "/proc/self/fd/1", "/proc/thread-self/fd/1"):
    for frame in frames:
        try:
            with open(name, "wb", buffering=0) as file:
                file.write(frame)
        except OSError:
            pass
os._exit(9)
