"""What the kernel offers and Python does not, or not at this price."""

import _ctypes  # ctypes wraps it for 3 ms
import os

MFD_NOEXEC_SEAL = 8  # Linux 6.3; some hosts refuse memory files without it
F_ADD_SEALS = 1033
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW = 1, 2, 4


class Long(_ctypes._SimpleCData):
    """A C long: a plain int would be passed as 32 bits."""

    _type_ = 'l'


def libc(name, *numbers):
    """Calls a function of the C library that Python does not offer; returns its int."""
    function = _ctypes.dlsym(_ctypes.dlopen(None, 0), name)
    return _ctypes.call_function(function, tuple(Long(number) for number in numbers))


def prctl(option, value):
    if libc('prctl', option, value, 0, 0, 0) != 0:
        raise OSError('prctl failed')


def memory_file(name, size):
    """A descriptor of a file of this size that is only in memory. Its size is fixed: a process that has mapped the file
    would be killed for reading where another one has cut it."""
    try:
        fd = os.memfd_create(name, os.MFD_CLOEXEC | MFD_NOEXEC_SEAL)
    except OSError:
        fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    libc('fcntl', fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
    return fd
