"""The child's side until the job: all that can be done before the program is known."""

import marshal
import mmap
import os
import sys
import time

import display
import program
import restart
from kernel import libc, prctl

try:
    import preload
except ImportError:
    preload = None  # this image has nothing to load beforehand

CONTROL_FD = 3
SOURCE_FD = 4
SETTLED_FD = 5
REPORT_FD = 6

PR_SET_DUMPABLE = 4
MADV_POPULATE_WRITE = 23  # Linux 5.14; older kernels and gVisor refuse these two, which costs them only the gain
MADV_COLLAPSE = 25  # Linux 6.1
LARGE_PAGE_BYTES = 2 * 1024 * 1024


def hide_modules():
    """Leaves the program the modules that a plain Python has: its own files may have any other name."""
    for name in set(sys.modules) - program.PLAIN_MODULES:
        del sys.modules[name]


def own_memory():
    """Start and end of each part of this process' memory that it can write and shares with no other."""
    with open('/proc/self/maps') as maps:
        lines = maps.readlines()
    for line in lines:
        addresses, permissions, _ = line.split(' ', 2)
        if permissions == 'rw-p':
            start, end = addresses.split('-')
            yield int(start, 16), int(end, 16)


def copy_memory():
    """Makes this process' pages its own now. Python touches nearly all of them when it ends, and each would be a
    page fault that copies: 15 ms at the end of every run, against 4 ms after this."""
    for start, end in own_memory():
        libc('madvise', start, end - start, MADV_POPULATE_WRITE)


def join_pages():
    """Makes large pages of this process' memory. The kernel gives memory back page by page before anyone hears that a
    process has ended: for the 90 MB of small pages that the libraries of `data` fill that takes 10 to 15 ms longer
    than after this."""
    for start, end in own_memory():
        for address in range(-(-start // LARGE_PAGE_BYTES) * LARGE_PAGE_BYTES, end - LARGE_PAGE_BYTES + 1, LARGE_PAGE_BYTES):
            libc('madvise', address, LARGE_PAGE_BYTES, MADV_COLLAPSE)


def settle_in(stdin_fd, stdout_fd, stderr_fd, control_fd, settled_fd, report_fd):
    """Right after the fork: cuts every tie to the runner and does all that can be done before the job is known."""
    os.setsid()
    sources = (stdin_fd, stdout_fd, stderr_fd, control_fd, settled_fd, report_fd)
    for source, target in zip(sources, (0, 1, 2, CONTROL_FD, SETTLED_FD, REPORT_FD)):
        os.dup2(source, target)
    os.closerange(SOURCE_FD, SETTLED_FD)
    os.closerange(REPORT_FD + 1, 256)
    prctl(PR_SET_DUMPABLE, 1)  # an ordinary process again: it may read its own /proc
    with open('/proc/self/oom_score_adj', 'w') as file:
        file.write('1000')  # where memory runs out the kernel takes the program, never the runner
    os.chdir(program.WORK_DIR)
    sys.dont_write_bytecode = True
    source_fd = os.open(program.PATH, os.O_WRONLY | os.O_CREAT, 0o600)
    if source_fd != SOURCE_FD:
        raise OSError('a descriptor was left open')
    program.own_modules.modules['display'] = display
    hide_modules()
    sys.modules['builtins'].display = display.display
    copy_memory()
    if preload:
        preload.load(program.PLAIN_MODULES)
        join_pages()
    sys.path.insert(0, program.WORK_DIR)
    os.write(SETTLED_FD, repr(time.process_time()).encode())
    os.close(SETTLED_FD)


def forget(names):
    """Modules that were loaded beforehand give way to the program's own files of these names."""
    for name in set(sys.modules) - program.PLAIN_MODULES:
        if name.partition('.')[0] in names:
            del sys.modules[name]


def receive():
    """Waits for the job and returns its program. Where a variable needs a new interpreter, that one runs the program
    instead and this does not return."""
    report = mmap.mmap(REPORT_FD, program.REPORT_BYTES, **program.UNTRACKED)
    with open(CONTROL_FD, 'rb') as control:
        source, shows_last, args, environment, names = marshal.load(control)
    with open(SOURCE_FD, 'wb') as file:
        file.write(source.encode())
    os.environ.update(environment)
    given = program.Program(report, source, shows_last, args)
    if variables := restart.read_at_start(environment):
        restart.restart(given, variables, REPORT_FD)
    os.close(REPORT_FD)
    forget(names)
    if 'TZ' in environment:
        time.tzset()
    return given
