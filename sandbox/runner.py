"""Runs ONE untrusted program in this container and tells the host how it ended.

The container starts before anyone asks for it: this file boots Python, forks the child that will run the
program (settle.py), says `ready` and waits for a job. src/executor/protocol.ts is the other end.

    host --stdin--> runner --control pipe--> child (the program)
    host <-stdout-- runner <--output pipes-- child

Nothing in this process may be within the program's reach: it is not dumpable, so its memory and descriptors are
closed to other processes of the same user; what it reads from the child is data and is never parsed.

Modules are chosen by price: `json`, `base64` and `signal` alone would add 12 ms to the start of every container.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import program  # noqa: E402 - first, because it looks at what is loaded
import cgroup  # noqa: E402
import collect  # noqa: E402
import display  # noqa: E402
import settle  # noqa: E402
from kernel import libc, memory_file, prctl  # noqa: E402

sys.path.pop(0)

import _signal as signal  # noqa: E402 - the signal module wraps it in enums for 3 ms
import marshal  # noqa: E402
import mmap  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402

PROTOCOL_VERSION = b'1'  # the same as in protocol.ts: both go up when what a frame means changes
HEADER_BYTES = 21  # kind (1), payload length (4, big endian), token (16)
NO_TOKEN = bytes(16)
CHUNK_BYTES = 65536
OUTPUT_BYTES = 262144  # of output in a pipe and in a frame, at most: MAX_PAYLOAD_BYTES in protocol.ts
F_SETPIPE_SZ = 1031
NAP_MS = 2  # output may gather this long between two reads, so that printing byte by byte costs few frames
NAP_BYTES = 16384  # more than this has gathered already
OOM_LOOK_SECONDS = 0.4  # how often the kernel's counter is looked at
HOST = 0  # standard input: the host's end of the line
LINGER_MS = 1000  # longest wait for the host to hang up after the last word

PR_SET_CHILD_SUBREAPER = 36

# Frames: kind, length, token, payload. The token comes with the job, after the child was forked, so the program
# has never had it in its memory; the host believes only frames that repeat it.


def write_frame(kind, token, payload=b''):
    header = kind + len(payload).to_bytes(4, 'big') + token
    written = os.writev(1, (header, payload))
    if written < len(header) + len(payload):  # a signal came between
        view = memoryview(header + payload)[written:]
        while view:
            view = view[os.write(1, view) :]


def read_exactly(size):
    """`size` bytes from the host. The host going away ends the runner, and with it the container."""
    data = bytearray()
    while len(data) < size:
        chunk = os.read(HOST, min(size - len(data), CHUNK_BYTES * 16))
        if not chunk:
            os._exit(0)
        data += chunk
    return bytes(data)


def read_frame():
    """The next (kind, token, payload)."""
    header = read_exactly(HEADER_BYTES)
    return header[:1], header[5:], read_exactly(int.from_bytes(header[1:5], 'big'))


class Job:
    """What the host asked for: one frame a field, `G` (go) last."""

    def __init__(self, work_folder):
        self.args = []
        self.environment = {}
        self.paths = []
        self.patterns = []
        self.file_bytes = 0
        self.shows_last = False
        while True:
            kind, self.token, payload = read_frame()
            if kind == b'C':
                self.code = payload.decode()
            elif kind == b'A':
                self.args.append(payload.decode())
            elif kind == b'E':
                name, _, value = payload.decode().partition('=')
                self.environment[name] = value
            elif kind == b'I':
                self.stdin = payload
            elif kind == b'T':
                self.timeout_seconds = int(payload) / 1000
            elif kind == b'O':
                self.output_limit_bytes = int(payload)
            elif kind == b'F':
                path, _, content = payload.partition(b'\0')
                self.paths.append(path.decode())
                self.file_bytes += len(content)
                self.write(work_folder, path, content)
            elif kind == b'W':
                self.patterns.append(payload.decode())
            elif kind == b'B':
                self.bounds = tuple(map(int, payload.split()))
            elif kind == b'D':
                self.shows_last = True
            elif kind == b'G':
                return
            else:
                raise ValueError(f'unknown frame {kind}')

    def write(self, work_folder, path, content):
        """An uploaded file. Nothing in the folder is the program's yet: it has not started."""
        try:
            os.chdir(work_folder)
            os.makedirs(os.path.dirname(path) or b'.', exist_ok=True)
            with open(path, 'xb') as file:
                file.write(content)
        except OSError as error:
            write_frame(b'N', self.token, path + b': ' + os.strerror(error.errno).encode())
            os._exit(0)

    def top_names(self):
        """What the uploaded files are called for `import`."""
        return {path.partition('/')[0].removesuffix('.py') for path in self.paths}


class Child:
    """The forked process that waits to run the program, and the pipes to it."""

    def __init__(self):
        child_in, self.stdin = os.pipe()
        self.stdout, child_out = os.pipe()
        self.stderr, child_err = os.pipe()
        child_control, self.control = os.pipe()
        settled, child_settled = os.pipe()
        report = memory_file('report', program.REPORT_BYTES)  # a descriptor: the child may become a new interpreter
        child_ends = (child_in, child_out, child_err, child_control, child_settled, report)
        self.pid = os.fork()
        if self.pid == 0:
            settle.settle_in(*child_ends)
            return
        self.report = mmap.mmap(report, program.REPORT_BYTES, **program.UNTRACKED)
        for fd in child_ends:
            os.close(fd)
        for fd in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(fd, False)
        for fd in (self.stdout, self.stderr, 1):
            libc('fcntl', fd, F_SETPIPE_SZ, OUTPUT_BYTES)  # where it is refused they hold less
        cpu_seconds = os.read(settled, CHUNK_BYTES)
        if not cpu_seconds:
            sys.exit('the process for the program ended before it was ready')
        os.close(settled)
        self.cpu_seconds = float(cpu_seconds)  # what it has used so far is not the program's

    def start(self, job):
        with open(self.control, 'wb') as control:
            marshal.dump((job.code, job.shows_last, job.args, job.environment, job.top_names()), control)

    def message(self):
        """The error message that the program left."""
        size = int.from_bytes(self.report[:4], 'big')
        return self.report[4 : 4 + min(size, program.REPORT_BYTES - 4)]


def is_being_killed(pid):
    """Whether a process has been sent SIGKILL: a large one takes a second to go on a busy machine, and the signal
    stays pending until it is gone."""
    with open(f'/proc/{pid}/status', 'rb') as file:
        for line in file:
            if line.startswith((b'SigPnd:', b'ShdPnd:')) and int(line.split()[1], 16) >> (signal.SIGKILL - 1) & 1:
                return True
    return False


class Supervisor:
    """Watches the child from its job to its last byte: forwards, bounds, ends, counts."""

    def __init__(self, child, job, work_folder, wakeup, counts):
        self.child = child
        self.counts = counts
        self.token = job.token
        self.patterns = job.patterns
        self.bounds = job.bounds
        self.work_folder = work_folder
        self.output_left = job.output_limit_bytes
        self.stdin = memoryview(job.stdin)
        self.wakeup = wakeup
        self.cause = None  # exit, timeout or output_limit
        self.truncated = False
        self.status = None
        self.cpu_seconds = -child.cpu_seconds
        self.peak_kib = 0
        self.oom_kills = self.oom_kills_before = self.counts.oom_kills.read()
        self.oom_looked = self.started = time.monotonic()
        self.deadline = self.started + job.timeout_seconds
        self.poller = select.poll()
        self.poller.register(HOST, select.POLLIN)
        self.poller.register(wakeup, select.POLLIN)
        self.quiet_poller = select.poll()  # all but the output, for the naps
        self.quiet_poller.register(HOST, select.POLLIN)
        self.quiet_poller.register(wakeup, select.POLLIN)
        self.poller.register(child.stdin, select.POLLOUT)
        self.outputs = {child.stderr: b'E', child.stdout: b'O'}  # those that have not ended
        for fd in self.outputs:
            self.poller.register(fd, select.POLLIN)

    def run(self):
        self.watch()
        ended = time.monotonic()
        self.end_everything()
        later = self.later_output()
        for fd in sorted(self.outputs, key=lambda fd: fd == later):
            while self.forward(fd):
                pass
        displays = open_folder(display.FOLDER)
        collects = bool(self.patterns) or displays is not None
        write_frame(b'M', self.token, self.child.message())
        write_frame(b'X', self.token, self.facts(ended - self.started, collects))
        if collects:
            self.collect(displays)

    def collect(self, displays):
        """Sends the files that were asked for, and what the program showed."""

        def write(kind, payload):
            write_frame(kind, self.token, payload)

        files = collect.Collector(write, b'F', *self.bounds)
        if self.patterns:
            files.search(self.work_folder, self.patterns)
        shown = collect.Collector(write, b'V', *self.bounds)
        if displays is not None:
            shown.take_all(displays)
        write(b'Z', b'%d %d' % (files.omitted, shown.omitted))

    def watch(self):
        """Until there is a cause to end."""
        while self.cause is None:
            now = time.monotonic()
            if now >= self.deadline:
                self.cause = 'timeout'
                return
            forwarded_bytes = 0
            events = self.poller.poll(min(self.deadline - now, OOM_LOOK_SECONDS) * 1000)
            self.look_at_oom(time.monotonic())  # the poll took its time
            later = self.later_output()
            for fd, _ in sorted(events, key=lambda event: event[0] == later):
                if fd == HOST:  # the host never writes after the job: it is gone
                    os._exit(0)
                elif fd == self.wakeup:
                    os.read(self.wakeup, CHUNK_BYTES)
                    self.reap(os.WNOHANG)
                elif fd == self.child.stdin:
                    self.feed()
                else:
                    forwarded_bytes += self.forward(fd)
            if 0 < forwarded_bytes < NAP_BYTES and self.cause is None:
                self.quiet_poller.poll(NAP_MS)

    def later_output(self):
        """Of two outputs that have something, the one to be read second. Which came first nobody knows; programs
        mostly print before they complain. Near the limit a complaint is worth more than what floods the output."""
        return self.child.stdout if self.output_left < 2 * OUTPUT_BYTES else self.child.stderr

    def look_at_oom(self, now):
        """Settles the kills of a program's children: what was counted one look ago, while the program itself has
        still not been killed. Any later kill may be its own."""
        if now - self.oom_looked < OOM_LOOK_SECONDS:
            return
        self.oom_looked = now
        count = self.counts.oom_kills.read()
        if count == self.oom_kills_before or is_being_killed(self.child.pid):
            return
        self.oom_kills_before, self.oom_kills = self.oom_kills, count

    def feed(self):
        """Standard input, as much as the pipe takes now; then its end."""
        try:
            if self.stdin:
                self.stdin = self.stdin[os.write(self.child.stdin, self.stdin) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.stdin = b''
        if not self.stdin:
            self.poller.unregister(self.child.stdin)
            os.close(self.child.stdin)

    def forward(self, fd):
        """One chunk of output to the host, cut at the limit; returns its size, 0 where there is none to be had now."""
        if self.truncated:
            return 0
        try:
            data = os.read(fd, OUTPUT_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self.poller.unregister(fd)
            del self.outputs[fd]
            return 0
        kept = data[: self.output_left]
        self.output_left -= len(kept)
        if kept:
            write_frame(self.outputs[fd], self.token, kept)
        if len(kept) < len(data):
            self.truncated = True
            if self.cause in (None, 'exit'):  # what was in the pipes counts too
                self.cause = 'output_limit'
        return len(data)

    def reap(self, options):
        """Takes in every process that has ended: orphans come here too, and their time counts."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, options)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                continue  # a child that has itself traced, where the runtime lets it: it has not ended
            self.cpu_seconds += usage.ru_utime + usage.ru_stime
            self.peak_kib = max(self.peak_kib, usage.ru_maxrss)
            if pid == self.child.pid:
                self.status = status
                self.cause = self.cause or 'exit'

    def end_everything(self):
        """Kills every process but this one and process 1. The kernel does it in one sweep that no fork escapes."""
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.reap(0)

    def facts(self, seconds, collects):
        """The end as the kernel told it, in JSON made by hand: numbers and fixed words only."""
        oom_kills = self.counts.oom_kills.read()
        kills = ('null', 'null') if oom_kills is None else (oom_kills, oom_kills - self.oom_kills_before)
        # Under gVisor, and on older kernels, there is no more than what the processes say of themselves.
        cpu_seconds = max(0.0, self.cpu_seconds, self.counts.cpu_seconds())
        return (
            '{"cause":"%s","exitCode":%s,"signal":%s,"truncated":%s,'
            '"durationMs":%.3f,"cpuMs":%.3f,"peakMemoryBytes":%d,"oomKills":%s,"oomKillsAtEnd":%s,"collects":%s}'
            % (
                self.cause,
                os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else 'null',
                os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else 'null',
                'true' if self.truncated else 'false',
                seconds * 1000,
                cpu_seconds * 1000,
                max(self.peak_kib * 1024, self.counts.peak_bytes()),
                *kills,
                'true' if collects else 'false',
            )
        ).encode()


def open_folder(path):
    """A descriptor of a folder that is no link; None where there is none."""
    try:
        return os.open(path, collect.FOLDER)
    except OSError:
        return None


def wait_for_host():
    """Until the host hangs up. When this process ends the engine clears the container away, which takes a CPU for
    milliseconds that the answer needs: the host says when."""
    host = select.poll()
    host.register(HOST, select.POLLIN)
    host.poll(LINGER_MS)


def main():
    """In the runner: one job, then the end. In the child: returns the program."""
    prctl(settle.PR_SET_DUMPABLE, 0)
    try:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    except OSError:
        pass  # older gVisor has none: orphans go to process 1, their time is not counted, and they end all the same
    os.mkdir(program.WORK_DIR, 0o700)
    child = Child()
    if child.pid == 0:
        return settle.receive()
    work_folder = open_folder(program.WORK_DIR)  # before the program can put anything in its place
    counts = cgroup.Cgroup()
    wakeup, wakeup_writer = os.pipe()
    os.set_blocking(wakeup_writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
    write_frame(b'R', NO_TOKEN, PROTOCOL_VERSION)
    import resource  # noqa: F401 - os.wait4 loads it at its first call: 9 ms, which have their time now

    job = Job(work_folder)
    counts.begin(job.file_bytes)
    write_frame(b'S', job.token)  # from here on the program may have run
    child.start(job)
    Supervisor(child, job, work_folder, wakeup, counts).run()
    wait_for_host()
    os._exit(0)


main().run()
