"""What the kernel counts for this container as a whole: no program can hide from that what it uses.

`wait4` knows no more than what a parent waits for. Where SIGCHLD is ignored, children end unseen.
"""

import os
import time

ROOT = '/sys/fs/cgroup'
FILE_BYTES = 4096  # as much of a file is read


class Count:
    """A number in a file of the container's cgroup. The file stays open: only reading it is left for when there is
    no time. `files` are (path, word before the number, factor), of cgroup v2 and v1; the first one that is there is
    taken. Older kernels lack some, gVisor has none."""

    def __init__(self, *files):
        self.fd = None
        for path, self.word, self.factor in files:
            try:
                self.fd = os.open(f'{ROOT}/{path}', os.O_RDONLY | os.O_CLOEXEC)
                return
            except OSError:
                pass

    def read(self):
        """The number as it is now; None where there is none."""
        if self.fd is None:
            return None
        try:
            for line in os.pread(self.fd, FILE_BYTES, 0).splitlines():
                if line.startswith(self.word):
                    return int(line[len(self.word) :]) * self.factor
        except (OSError, ValueError):
            pass
        return None


class Cgroup:
    """What the program uses, without what the runner uses for itself. The child must have been forked before: it has
    none of the files."""

    def __init__(self):
        self.cpu_ns = Count(('cpu.stat', b'usage_usec ', 1000), ('cpuacct/cpuacct.usage', b'', 1))
        self.memory = Count(('memory.current', b'', 1), ('memory/memory.usage_in_bytes', b'', 1))
        self.peak = Count(('memory.peak', b'', 1), ('memory/memory.max_usage_in_bytes', b'', 1))
        self.oom_kills = Count(('memory.events', b'oom_kill ', 1), ('memory/memory.oom_control', b'oom_kill ', 1))

    def begin(self, given_bytes):
        """Right before the program starts. `given_bytes` of uploaded files are in memory already, and are its own."""
        self.cpu_ns_before = self.others_cpu_ns()
        self.memory_before = self.memory.read()
        self.peak_before = self.peak.read()
        self.given_bytes = given_bytes

    def others_cpu_ns(self):
        """CPU time of every process but this one. Its own is asked for first, which makes the kernel add it up."""
        own = time.process_time_ns()
        used = self.cpu_ns.read()
        return None if used is None else used - own

    def cpu_seconds(self):
        """CPU time since the start; 0 where it can't be known."""
        now = self.others_cpu_ns()
        return 0 if None in (now, self.cpu_ns_before) else (now - self.cpu_ns_before) / 1e9

    def peak_bytes(self):
        """Most memory at one time, of all processes and files together, beyond what the container held at the start;
        0 where it can't be known, or was more before."""
        peak = self.peak.read()
        if None in (peak, self.peak_before, self.memory_before) or peak <= self.peak_before:
            return 0
        return peak - self.memory_before + self.given_bytes
