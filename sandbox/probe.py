"""Tries the walls from inside: an ordinary program, sent to a sandbox like any other, that tells what it could do.

Prints one JSON object: what each trial found, and for those that failed themselves why. src/executor/inspect.ts sends it,
src/executor/walls.ts judges. It sends nothing beyond loopback: the address that it tries to reach is nobody's (RFC 5737).
"""

import ctypes
import errno
import json
import os
import resource
import select
import socket
import sys

limits = json.loads(sys.argv[1])
arm = os.uname().machine == 'aarch64'  # else x86-64: numbers of system calls
libc = ctypes.CDLL(None, use_errno=True)


def error_of(action):
    """The name of the error that an action ends with; `done` where it succeeds."""
    try:
        action()
        return 'done'
    except TimeoutError:
        return 'timeout'
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def call(number, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(argument) for argument in arguments]) == -1:
        raise OSError(ctypes.get_errno(), '')


def traced_child():
    """Whether a process may ask to be traced: a child tries it, because one that is traced stops at every signal."""
    child = os.fork()
    if child == 0:
        code = 255
        try:
            call(117 if arm else 101, 0, 0, 0, 0)
            code = 0
        except OSError as error:
            code = error.errno
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise OSError(code, '')


def read(path):
    with open(path) as file:
        return file.read()


def read_if_there(path):
    """Empty where there is no such file."""
    try:
        return read(path).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ''


# Who we are.
def status():
    return dict(line.split(':\t', 1) for line in read('/proc/self/status').splitlines() if ':\t' in line)


def capabilities():
    sets = {name: int(text, 16) for name, text in status().items() if name.startswith('Cap')}
    if 'CapEff' not in sets:
        raise ValueError('/proc/self/status names no capabilities')
    return [name for name, bits in sets.items() if bits]


# What can be written.
def write_into(folder):
    path = os.path.join(folder, '.probe')
    with open(path, 'w') as file:
        file.write('x')
    os.unlink(path)


def writable():
    folders = ['/', '/etc', '/usr', '/usr/bin', '/usr/lib', '/var', '/home', '/root', '/opt', '/run', '/sys/fs/cgroup', *limits['mounts']]
    return [folder for folder in folders if error_of(lambda: write_into(folder)) == 'done']


def read_only_root():
    options = [fields[3].split(',') for fields in map(str.split, read('/proc/self/mounts').splitlines()) if fields[1] == '/']
    return bool(options) and 'ro' in options[-1]


# What can be reached.
def interfaces():
    return [line.split(':')[0].strip() for line in read('/proc/net/dev').splitlines() if ':' in line]


def connect():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.3)
        probe.connect(('192.0.2.1', 53))


# What the kernel lets us ask for.
calls = {
    'ptrace': traced_child,
    'unshare': lambda: call(97 if arm else 272, 0x10000000),
    'mount': lambda: call(40 if arm else 165, 0, 0, 0, 0, 0),
    'keyctl': lambda: call(219 if arm else 250, 0, -3, 0),
    'bpf': lambda: call(280 if arm else 321, 0, 0, 0),
    'io_uring_setup': lambda: call(425, 1, 0),
    'AF_VSOCK': lambda: socket.socket(40, socket.SOCK_STREAM).close(),
    'AF_NETLINK': lambda: socket.socket(16, socket.SOCK_RAW, 0).close(),
    'AF_PACKET': lambda: socket.socket(17, socket.SOCK_RAW, 0x0300).close(),
}


# What can be used up. Each is tried a little past its limit, and given back. Whatever refuses more is the limit.
def fill(folder, limit):
    """Bytes that fit; tried up to 32 MB or a quarter of the memory, beyond that the kernel's word is taken."""
    most = limit + (1 << 20)
    if most > min(32 << 20, limits['memoryBytes'] // 4):
        room = os.statvfs(folder)
        return room.f_blocks * room.f_frsize
    path, written = os.path.join(folder, '.fill'), 0
    try:
        with open(path, 'wb', buffering=0) as file:
            while written < most:
                written += file.write(bytes(min(1 << 16, most - written)))
    except OSError:
        pass
    finally:
        if os.path.exists(path):
            os.unlink(path)
    return written


def count_files(limit):
    made, folder = 0, '/tmp/.files'
    try:
        os.mkdir(folder)
        while made < limit + 16:
            os.mknod(f'{folder}/{made}')
            made += 1
    except OSError:
        pass
    finally:
        for number in range(made):
            os.unlink(f'{folder}/{number}')
        if os.path.exists(folder):
            os.rmdir(folder)
    return made


def count_processes(limit):
    """Children at one time, with this process and the two of the sandbox."""
    hold, release = os.pipe()
    children = []
    try:
        while len(children) < limit + 8:
            child = os.fork()
            if child == 0:
                try:
                    os.close(release)
                    select.select([hold], [], [])
                finally:
                    os._exit(0)
            children.append(child)
    except OSError:
        pass
    finally:
        os.close(release)
        os.close(hold)
        for child in children:
            os.waitpid(child, 0)
    return len(children) + 3


def few_processes():
    """Half a megabyte each, and room to spare: where memory would run out first, the kernel's word is taken."""
    few = limits['pids'] << 20 <= limits['memoryBytes'] // 2
    return count_processes(min(limits['pids'], 256)) if few else None


def count_open_files(limit):
    opened = []
    try:
        while len(opened) < limit + 8:
            opened.append(os.open('/dev/null', os.O_RDONLY))
    except OSError:
        pass
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return len(opened)


# What the kernel was told, where it can be read: cgroup v2, else v1.
GROUPS = '/sys/fs/cgroup'
LIMIT_FILES = {
    'memory': ('memory.max', 'memory/memory.limit_in_bytes'),
    'swap': ('memory.swap.max', 'memory/memory.memsw.limit_in_bytes'),
    'cpu': ('cpu.max', 'cpu/cpu.cfs_quota_us'),
    'pids': ('pids.max', 'pids/pids.max'),
}


def cgroup_version():
    return 2 if os.path.exists(f'{GROUPS}/cgroup.controllers') else 1 if os.path.exists(f'{GROUPS}/memory') else None


def cgroup():
    return {
        name: next(filter(None, (read_if_there(f'{GROUPS}/{file}') for file in files)), None)
        for name, files in LIMIT_FILES.items()
    }


def host_swap():
    """Bytes of swap that the host has, used or not."""
    lines = dict(line.split(':', 1) for line in read('/proc/meminfo').splitlines() if ':' in line)
    return int(lines.get('SwapTotal', '0 kB').split()[0]) * 1024


TRIALS = {
    'userId': os.getuid,
    'userNamespace': lambda: read('/proc/self/uid_map').split() != ['0', '0', '4294967295'],
    'capabilities': capabilities,
    'noNewPrivileges': lambda: libc.prctl(39, 0, 0, 0, 0) == 1,
    'seccomp': lambda: int(status().get('Seccomp', '0')),
    'kernel': lambda: read('/proc/version').strip(),
    'writable': writable,
    'readOnlyRoot': read_only_root,
    'readOnlyFolders': lambda: {folder: os.path.exists(folder) for folder in limits['mounts']},
    'interfaces': interfaces,
    'connect': lambda: error_of(connect),
    'calls': lambda: {name: error_of(action) for name, action in calls.items()},
    'coreBytes': lambda: resource.getrlimit(resource.RLIMIT_CORE)[1],
    'fileBytes': lambda: resource.getrlimit(resource.RLIMIT_FSIZE)[1],
    'cgroupVersion': cgroup_version,
    'cgroup': cgroup,
    'hostSwapBytes': host_swap,
    'processes': few_processes,
}
# These take up to a second of CPU, and what the host has of memory for the container.
DEAR_TRIALS = {
    'tmpBytes': lambda: fill('/tmp', limits['tmpBytes']),
    'shmBytes': lambda: fill('/dev/shm', limits['shmBytes']),
    'tmpFiles': lambda: count_files(min(limits['tmpInodes'], 20_000)),
    'openFiles': lambda: count_open_files(min(limits['openFiles'], 65_536)),
}

if limits['isCheap']:
    TRIALS['processes'] = lambda: None
else:
    TRIALS |= DEAR_TRIALS

seen = {}
failures = {}
for name, trial in TRIALS.items():
    try:
        seen[name] = trial()
    except Exception as error:  # whatever it is, it is the verdict on this wall, and the others are tried
        failures[name] = f'{type(error).__name__}: {error}'
print(json.dumps({**seen, 'failures': failures}))
