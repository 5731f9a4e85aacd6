"""A new interpreter for a program with variables that are read once, when a process starts.

The child replaces itself, in its own process: the runner still waits for the same one, and the variables reach nothing
else. What the new interpreter needs of the job is in a file in memory.
"""

import marshal
import mmap
import os
import sys

import program
from kernel import memory_file

# All of Python's: the runner's interpreter, of which the child is a fork, ignores them (`-I`), even those that others read
# at their use. Of the dynamic linker and of malloc: the C library reads them before a process has a main function.
# src/run/start-variables.ts has the same two.
PREFIXES = ('PYTHON', 'LD_', 'MALLOC_')
NAMES = {'GCONV_PATH', 'GLIBC_TUNABLES', 'LANG', 'LC_ALL', 'LC_CTYPE', 'LOCPATH'}

CANNOT_EXECUTE = 126  # exit code of a shell


def read_at_start(environment):
    """The names in it that need a new interpreter. `HOME` is one where Python would find packages of the user's in it."""
    return [
        name
        for name, value in environment.items()
        if name.startswith(PREFIXES) or name in NAMES or (name == 'HOME' and os.path.isdir(f'{value}/.local/lib'))
    ]


def restart(given, variables, report_fd):
    """Replaces this process by a new interpreter, which runs the given program with this environment."""
    job = (given.source, given.shows_last, sys.argv[1:])
    data = marshal.dumps((job, program.PLAIN_MODULES, program.PLAIN_PATH, getattr(mmap, '__file__', None)))
    job_fd = memory_file('job', len(data))
    with open(job_fd, 'wb', closefd=False) as file:
        file.write(data)
    os.lseek(job_fd, 0, os.SEEK_SET)
    os.dup2(report_fd, program.REPORT_FD)
    os.close(report_fd)
    if job_fd == program.JOB_FD:
        os.set_inheritable(job_fd, True)
    else:
        os.dup2(job_fd, program.JOB_FD)
        os.close(job_fd)
    failure = f'Python could not start with {", ".join(variables)}'
    given.explain(lambda: f'{failure}: see stderr')  # until it has
    try:
        os.execv(sys.executable, [sys.executable, f'{program.FOLDER}/program.pyc'])
    except OSError as error:
        reason = os.strerror(error.errno)
        given.explain(lambda: f'{failure}: {reason}')
        os.write(2, f'python3: {reason}\n'.encode())
        os._exit(CANNOT_EXECUTE)
