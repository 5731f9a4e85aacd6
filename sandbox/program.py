"""The child's side: becomes `python3 main.py ARGS` and runs the program the way Python itself would.

From the moment the job arrives, everything in this process is within the program's reach.
"""

import sys

PLAIN_MODULES = set(sys.modules) - {__name__}  # what Python itself has loaded when a program starts
PLAIN_PATH = sys.path[1:]  # without the folder of this file

import _ctypes  # noqa: E402 - ctypes wraps it for 3 ms
import marshal  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from _frozen_importlib_external import SourceFileLoader

import display  # noqa: E402

try:
    import preload
except ImportError:
    preload = None  # this image has nothing to load beforehand

WORK_DIR = '/tmp/work'
NAME = 'main.py'
PATH = f'{WORK_DIR}/{NAME}'

CONTROL_FD = 3
SOURCE_FD = 4
SETTLED_FD = 5

ONLY_AST = 0x400  # flag of `compile`: ast.PyCF_ONLY_AST
FUTURE_FLAGS = 0x1FE0000  # of `from __future__ import ...`, as code objects carry them

PR_SET_DUMPABLE = 4
MADV_POPULATE_WRITE = 23  # Linux 5.14; older kernels and gVisor refuse these two, which costs them only the gain
MADV_COLLAPSE = 25  # Linux 6.1
LARGE_PAGE_BYTES = 2 * 1024 * 1024


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


def hide_modules():
    """Leaves the program the modules that a plain Python has: its own files may have any other name."""
    for name in set(sys.modules) - PLAIN_MODULES:
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


def settle_in(stdin_fd, stdout_fd, stderr_fd, control_fd, settled_fd):
    """Right after the fork: cuts every tie to the runner and does all that can be done before the job is known."""
    os.setsid()
    targets = (0, 1, 2, CONTROL_FD, SETTLED_FD)
    for source, target in zip((stdin_fd, stdout_fd, stderr_fd, control_fd, settled_fd), targets):
        os.dup2(source, target)
    os.closerange(SOURCE_FD, SETTLED_FD)
    os.closerange(SETTLED_FD + 1, 256)
    prctl(PR_SET_DUMPABLE, 1)  # an ordinary process again: it may read its own /proc
    with open('/proc/self/oom_score_adj', 'w') as file:
        file.write('1000')  # where memory runs out the kernel takes the program, never the runner
    os.chdir(WORK_DIR)
    sys.dont_write_bytecode = True
    source_fd = os.open(PATH, os.O_WRONLY | os.O_CREAT, 0o600)
    if source_fd != SOURCE_FD:
        raise OSError('a descriptor was left open')
    hide_modules()
    sys.modules['builtins'].display = display.display
    copy_memory()
    if preload:
        preload.load(PLAIN_MODULES)
        join_pages()
    sys.path.insert(0, WORK_DIR)
    os.write(SETTLED_FD, repr(time.process_time()).encode())
    os.close(SETTLED_FD)


def forget(names):
    """Modules that were loaded beforehand give way to the program's own files of these names."""
    for name in set(sys.modules) - PLAIN_MODULES:
        if name.partition('.')[0] in names:
            del sys.modules[name]


class Program:
    """One program, from its job on the control pipe to its end."""

    def __init__(self, report):
        self.report = report
        self.pid = os.getpid()
        with open(CONTROL_FD, 'rb') as control:
            self.source, self.shows_last, args, environment, names = marshal.load(control)
        forget(names)
        sys.argv[:] = [NAME, *args]
        os.environ.update(environment)
        if 'TZ' in environment:
            time.tzset()
        with open(SOURCE_FD, 'wb') as file:
            file.write(self.source.encode())

    def run(self):
        """Runs it as `__main__`; where it fails, says why in the report and leaves the rest to Python's own end."""
        main = type(sys)('__main__')
        main.__file__ = PATH
        main.__cached__ = None
        main.__loader__ = SourceFileLoader('__main__', PATH)
        main.__builtins__ = sys.modules['builtins']
        main.__annotations__ = {}
        sys.modules['__main__'] = main
        try:
            code, last = self.compile()
            exec(code, main.__dict__)
            if last:
                display.show(eval(last, main.__dict__))
            return
        except SystemExit as stop:
            if stop.code is not None and not isinstance(stop.code, int):
                self.explain(lambda: str(stop.code))
            raise
        except BaseException as uncaught:
            error, tb = uncaught, without_own_frames(sys.exc_info()[2])
        self.fail(error, tb)

    def compile(self):
        """The program, and apart from it the expression that it ends in, where that is to be shown."""
        source = self.source.removeprefix('\ufeff')
        if not self.shows_last:
            return compile(source, NAME, 'exec', dont_inherit=True), None
        tree = compile(source, NAME, 'exec', ONLY_AST, dont_inherit=True)
        last = tree.body[-1] if tree.body else None
        if type(last).__name__ != 'Expr' or display.ends_silently(source, last):
            return compile(tree, NAME, 'exec', dont_inherit=True), None
        import _ast

        is_docstring = len(tree.body) == 1 and isinstance(getattr(last.value, 'value', None), str)
        if not is_docstring:
            del tree.body[-1]
        code = compile(tree, NAME, 'exec', dont_inherit=True)
        flags = code.co_flags & FUTURE_FLAGS
        return code, compile(_ast.Expression(last.value), NAME, 'eval', flags, dont_inherit=True)

    def fail(self, error, tb):
        """What Python does with an uncaught exception, without the frame of this file."""
        self.explain(lambda: last_line(error, tb))
        sys.last_exc, sys.last_type, sys.last_value, sys.last_traceback = error, type(error), error, tb
        BaseException.with_traceback(error, tb)
        hook = getattr(sys, 'excepthook', None)
        if hook is sys.__excepthook__:
            show(error, tb)
        elif hook is None:
            print('sys.excepthook is missing', file=sys.stderr)
            show(error, tb)
        else:
            self.call_hook(hook, error, tb)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)

    def call_hook(self, hook, error, tb):
        try:
            hook(type(error), error, tb)
            return
        except SystemExit:
            raise
        except BaseException as raised:
            second, second_tb = raised, without_own_frames(sys.exc_info()[2])
        print('Error in sys.excepthook:', file=sys.stderr)
        show(second, second_tb)
        print('\nOriginal exception was:', file=sys.stderr)
        show(error, tb)

    def explain(self, words):
        """Leaves a message in memory shared with the runner: no descriptor that the program could close or fill.
        A child of the program ends here too, but it is not the one that is asked."""
        if os.getpid() != self.pid:
            return
        try:
            data = words().encode('utf-8', 'backslashreplace')[: len(self.report) - 4]
        except BaseException:
            return  # the program's own __str__ failed
        data = data.decode('utf-8', 'ignore').encode()  # not cut inside a character
        self.report[:4] = len(data).to_bytes(4, 'big')
        self.report[4 : 4 + len(data)] = data


def without_own_frames(tb):
    """A traceback from the program's own first frame on, without ours between the others."""
    own = without_own_frames.__code__.co_filename  # the image gives one name to all that is ours
    while tb and tb.tb_frame.f_code.co_filename == own:
        tb = tb.tb_next
    last = tb
    while last and last.tb_next:  # a library may have called ours
        if last.tb_next.tb_frame.f_code.co_filename == own:
            last.tb_next = last.tb_next.tb_next
        else:
            last = last.tb_next
    return tb


class own_modules:
    """While it lasts, imports find Python's own modules, whatever modules, files and paths the program has."""

    modules = {}  # what was loaded so far

    def __enter__(self):
        self.program_modules = sys.modules.copy()
        self.program_path = sys.path[:]
        for name in set(sys.modules) - PLAIN_MODULES:
            del sys.modules[name]
        sys.modules.update(self.modules)
        sys.path[:] = PLAIN_PATH

    def __exit__(self, *_):
        self.modules.update((name, sys.modules[name]) for name in set(sys.modules) - PLAIN_MODULES)
        sys.modules.clear()
        sys.modules.update(self.program_modules)
        sys.path[:] = self.program_path


def show(error, tb):
    """What Python prints for an uncaught exception; it imports what it needs for that."""
    BaseException.with_traceback(error, tb)
    with own_modules():
        sys.__excepthook__(type(error), error, tb)


def last_line(error, tb):
    """The exception as Python words it, without its notes."""
    try:
        with own_modules():
            import traceback  # 11 ms, so only now; Python's own hook needs it too

            summary = traceback.TracebackException(type(error), error, tb, lookup_lines=False, compact=True)
            summary.__notes__ = None
            return list(summary.format_exception_only())[-1].rstrip('\n')
    except BaseException:  # there is no descriptor or memory left to import with, or the program's own code failed
        return f'{type(error).__qualname__}: {error}'
