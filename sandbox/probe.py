"""Tries the walls from inside: an ordinary program, sent to a sandbox like any other, that tells what it could do.

Prints one JSON object. src/executor/walls.ts sends it and judges. It sends nothing beyond loopback: the address that
it tries to reach is nobody's (RFC 5737).
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
seen = {}


def error_of(action):
    """The name of the error that an action ends with; `done` where it succeeds."""
    try:
        action()
        return 'done'
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
        try:
            call(117 if arm else 101, 0, 0, 0, 0)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise OSError(code, '')


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ''


# Who we are.
status = dict(line.split(':\t', 1) for line in read('/proc/self/status').splitlines() if ':\t' in line)
seen['userId'] = os.getuid()
seen['capabilities'] = [name for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb') if int(status.get(name, '0'), 16)]
seen['noNewPrivileges'] = libc.prctl(39, 0, 0, 0, 0) == 1
seen['seccomp'] = int(status.get('Seccomp', '0'))
seen['kernel'] = read('/proc/version').strip()


# What can be written.
def write_into(folder):
    path = os.path.join(folder, '.probe')
    with open(path, 'w') as file:
        file.write('x')
    os.unlink(path)


folders = ['/', '/etc', '/usr', '/usr/bin', '/usr/lib', '/var', '/home', '/root', '/opt', '/run', '/sys/fs/cgroup', *limits['mounts']]
seen['writable'] = [folder for folder in folders if error_of(lambda: write_into(folder)) == 'done']
root_options = [fields[3].split(',') for fields in map(str.split, read('/proc/self/mounts').splitlines()) if fields[1] == '/']
seen['readOnlyRoot'] = bool(root_options) and 'ro' in root_options[-1]
seen['readOnlyFolders'] = {folder: os.path.exists(folder) for folder in limits['mounts']}


# What can be reached.
def connect():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.3)
        probe.connect(('192.0.2.1', 53))


seen['interfaces'] = [line.split(':')[0].strip() for line in read('/proc/net/dev').splitlines() if ':' in line]
try:
    seen['connect'] = error_of(connect)
except TimeoutError:
    seen['connect'] = 'timeout'

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
seen['calls'] = {name: error_of(action) for name, action in calls.items()}


# What can be used up. Each is tried a little past its limit, and given back.
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
    os.unlink(path)
    return written


def count_files(limit):
    made = 0
    os.mkdir('/tmp/.files')
    try:
        while made < limit + 16:
            os.mknod(f'/tmp/.files/{made}')
            made += 1
    except OSError:
        pass
    for number in range(made):
        os.unlink(f'/tmp/.files/{number}')
    os.rmdir('/tmp/.files')
    return made


def count_processes(limit):
    """Children at one time, with this process and the two of the sandbox."""
    hold, release = os.pipe()
    children = []
    try:
        while len(children) < limit + 8:
            child = os.fork()
            if child == 0:
                os.close(release)
                select.select([hold], [], [])
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    os.close(release)
    for child in children:
        os.waitpid(child, 0)
    return len(children) + 3


def count_open_files(limit):
    opened = []
    try:
        while len(opened) < limit + 8:
            opened.append(os.open('/dev/null', os.O_RDONLY))
    except OSError:
        pass
    for descriptor in opened:
        os.close(descriptor)
    return len(opened)


seen['tmpBytes'] = fill('/tmp', limits['tmpBytes'])
seen['shmBytes'] = fill('/dev/shm', limits['shmBytes'])
seen['tmpFiles'] = count_files(min(limits['tmpInodes'], 20_000))
# Half a megabyte each, and room to spare: where memory would run out first, the kernel's word is taken below.
few = limits['pids'] << 20 <= limits['memoryBytes'] // 2
seen['processes'] = count_processes(min(limits['pids'], 256)) if few else None
seen['openFiles'] = count_open_files(min(limits['openFiles'], 65_536))
seen['coreBytes'] = resource.getrlimit(resource.RLIMIT_CORE)[1]
seen['fileBytes'] = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

# What the kernel was told, where it can be read: cgroup v2, else v1.
groups = '/sys/fs/cgroup'
paths = {
    'memory': ('memory.max', 'memory/memory.limit_in_bytes'),
    'swap': ('memory.swap.max', 'memory/memory.memsw.limit_in_bytes'),
    'cpu': ('cpu.max', 'cpu/cpu.cfs_quota_us'),
    'pids': ('pids.max', 'pids/pids.max'),
}
seen['cgroupVersion'] = 2 if os.path.exists(f'{groups}/cgroup.controllers') else 1 if os.path.exists(f'{groups}/memory') else None
seen['cgroup'] = {name: next((text for text in map(lambda file: read(f'{groups}/{file}').strip(), files) if text), None) for name, files in paths.items()}
print(json.dumps(seen))
