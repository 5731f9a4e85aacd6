"""Runs jobs that fail in different ways and reports clean-up order, causes, notes, groups and tracebacks."""

import traceback
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import partial
from io import StringIO

journal = []


def flush(title):
    print(f"{title}: {' '.join(journal)}")
    journal.clear()


@contextmanager
def resource(name, swallow=()):
    journal.append(f"+{name}")
    try:
        yield name
    except swallow as error:
        journal.append(f"{name}/{type(error).__name__}")
    finally:
        journal.append(f"-{name}")


@resource("function")
def blocks(fail):
    try:
        journal.append("try")
        if fail:
            raise KeyError("k")
    except KeyError:
        journal.append("except")
        return "from except"
    else:
        journal.append("else")
        return "from else"
    finally:
        journal.append("finally")


def load_setting(text):
    try:
        return parse_number(text)
    except ValueError as error:
        raise RuntimeError("bad setting") from error


def parse_number(text):
    return int(text)


def connect(host):
    error = ConnectionRefusedError(f"{host} refuses")
    error.add_note("asked twice")
    raise error


def chain(error):
    """An exception and all that led to it, the latest first."""
    while error:
        yield f"{type(error).__name__}({error})"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def run_all(jobs):
    """Runs every job even if others fail, and raises all that went wrong, in a group for each kind."""
    groups = {}
    for kind, job in jobs:
        try:
            job()
        except Exception as error:
            groups.setdefault(kind, []).append(error)
    if groups:
        raise ExceptionGroup("jobs", [ExceptionGroup(*group) for group in groups.items()])


def main():
    with ExitStack() as stack:
        for name in ("a", "b", "c"):
            stack.enter_context(resource(name, swallow=LookupError if name == "b" else ()))
        stack.callback(journal.append, "callback")
        raise IndexError("seen by c, kept by b, not known to a")
    flush("stack")
    print(blocks(True), "and", blocks(False))
    flush("blocks")
    try:
        load_setting("ten")
    except RuntimeError as error:
        print(" <- ".join(chain(error)))
        for frame in traceback.extract_tb(error.__cause__.__traceback__):
            print(f"  in {frame.name}: {frame.line}")
    with suppress(ZeroDivisionError), redirect_stdout(StringIO()) as hidden:
        print("written, but", end=" ")
        print(1 // 0)
    print("hidden:", repr(hidden.getvalue()))

    jobs = [
        ("numbers", partial(parse_number, "x1")),
        ("network", partial(connect, "example.org")),
        ("numbers", partial(divmod, 1, 0)),
        ("numbers", partial(parse_number, "42")),
        ("files", partial(open, "missing/file")),
    ]
    try:
        try:
            run_all(jobs)
        except* ValueError as group:
            print("values:", [str(error) for part in group.exceptions for error in part.exceptions])
        except* OSError as group:
            found, others = group.split(FileNotFoundError)
            [refused] = others.exceptions[0].exceptions
            print("files:", len(found.exceptions), "others:", refused, refused.__notes__)
    except ExceptionGroup as rest:
        print("left:", "".join(traceback.format_exception_only(rest)).strip())
        print("inside:", [repr(part) for part in rest.exceptions])


main()
