"""Becomes `python3 main.py ARGS` and runs the program the way Python itself would.

From the moment the job arrives, everything in this process is within the program's reach. It is the process that was
forked while the container waited (settle.py), or a new interpreter that has replaced it (restart.py): that one is
started with this file, and takes nothing but what a plain Python has loaded, because the program may have files of
any other name on its path already.
"""

import sys

PLAIN_MODULES = set(sys.modules) - {__name__}  # what Python itself has loaded when a program starts
PLAIN_PATH = sys.path[1:]  # without the folder of this file

import marshal  # noqa: E402
import os  # noqa: E402
from _frozen_importlib_external import SourceFileLoader

FOLDER = os.path.dirname(__file__)
WORK_DIR = '/tmp/work'
NAME = 'main.py'
PATH = f'{WORK_DIR}/{NAME}'

JOB_FD = 3  # in a new interpreter, as restart.py leaves them
REPORT_FD = 4

REPORT_BYTES = 8192  # the longest error message that is handed on
UNTRACKED = {'trackfd': False} if sys.version_info >= (3, 13) else {}  # for mmap: older ones keep a descriptor of theirs

ONLY_AST = 0x400  # flag of `compile`: ast.PyCF_ONLY_AST
FUTURE_FLAGS = 0x1FE0000  # of `from __future__ import ...`, as code objects carry them


class Program:
    """One program, from its job to its end."""

    def __init__(self, report, source, shows_last, args):
        self.report = report
        self.pid = os.getpid()
        self.source = source
        self.shows_last = shows_last
        sys.argv[:] = [NAME, *args]

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
                own('display').show(eval(last, main.__dict__))
            return
        except SystemExit as stop:
            if stop.code is not None and not isinstance(stop.code, int):
                self.explain(lambda: str(stop.code))
            if not sys.flags.inspect:
                raise
            error, tb = stop, without_own_frames(sys.exc_info()[2])  # with PYTHONINSPECT it is one like any other
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
        if type(last).__name__ != 'Expr' or own('display').ends_silently(source, last):
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
        if sys.flags.inspect:
            sys.excepthook = lambda *_: None  # with PYTHONINSPECT, Python would show this exit too
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
        sys.path[:] = [FOLDER, *PLAIN_PATH]

    def __exit__(self, *_):
        self.modules.update((name, sys.modules[name]) for name in set(sys.modules) - PLAIN_MODULES)
        sys.modules.clear()
        sys.modules.update(self.program_modules)
        sys.path[:] = self.program_path


def own(name):
    """One of the files beside this one, as a module that the program doesn't see."""
    if name not in own_modules.modules:
        with own_modules():
            __import__(name)
    return own_modules.modules[name]


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


def map_report(mmap_path):
    """The memory shared with the runner. `mmap_path` is the file of Python's module `mmap`, None if it has none: an import
    would search the program's path for it, and be in what PYTHONPROFILEIMPORTTIME shows."""
    import _imp
    from _frozen_importlib import ModuleSpec

    spec = ModuleSpec('mmap', None, origin=mmap_path)
    mmap = _imp.create_dynamic(spec) if mmap_path else _imp.create_builtin(spec)
    (_imp.exec_dynamic if mmap_path else _imp.exec_builtin)(mmap)
    return mmap.mmap(REPORT_FD, REPORT_BYTES, **UNTRACKED)


def display(*values, **options):
    """The builtin function of display.py, which is loaded when it is needed."""
    return own('display').display(*values, **options)


display.module = lambda: own('display')


def resume():
    """In a new interpreter: takes over the job, and leaves of itself what is left after the fork."""
    global PLAIN_MODULES, PLAIN_PATH
    with open(JOB_FD, 'rb') as file:
        job, PLAIN_MODULES, PLAIN_PATH, mmap_path = marshal.load(file)
    report = map_report(mmap_path)
    os.close(REPORT_FD)
    report[:4] = bytes(4)  # Python has started: what restart.py wrote is not so
    if not sys.flags.safe_path:
        sys.path[0] = WORK_DIR
    sys.modules['builtins'].display = display
    program = Program(report, *job)
    sys.orig_argv[:] = [sys.executable, *sys.argv]
    return program


if __name__ == '__main__':
    resume().run()
