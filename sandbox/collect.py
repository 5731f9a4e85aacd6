"""Collects the files that a program left, when it is dead: nothing can be swapped any more.

Every folder and file is opened by its name in a folder that is open already, never through a link. What is left out
is told with a reason (src/run/outcome.ts has the same words).
"""

import os
import stat
import time

MAX_DEPTH = 64  # folders within folders
MAX_REPORTED = 100  # of what is left out: the rest is only counted
CHUNK_BYTES = 65536
# How long one collection may take; an ordinary one takes some milliseconds. A place is held meanwhile.
CPU_SECONDS = 0.4
WALL_SECONDS = 2  # without what the host takes to read; a CPU may be shared by many
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe does not wait for its writer


class OutOfTime(Exception):
    pass


class Allowance:
    """The time that one collection may take."""

    def __init__(self):
        self.cpu_end = time.process_time() + CPU_SECONDS
        self.end = time.monotonic() + WALL_SECONDS

    def check(self):
        if time.process_time() > self.cpu_end or time.monotonic() > self.end:
            raise OutOfTime

    def without(self, action, *arguments):
        """What this action takes does not count, but for its CPU time."""
        started = time.monotonic()
        action(*arguments)
        self.end += time.monotonic() - started


def is_plain(pattern):
    """Whether a pattern is the name of one file and no other."""
    return not any(character in pattern for character in '*?[')


class Globs:
    """Patterns of names between slashes, followed folder by folder. `**` is any number of folders.

    A state is a pattern and how many of its names are behind. In one folder each distinct name is compared once, in
    whatever number of patterns and states it is.
    """

    def __init__(self, patterns, check):
        from fnmatch import fnmatchcase  # 10 ms, so only where there is something to match

        self.matches_name = fnmatchcase
        self.check = check
        self.patterns = []
        for pattern in patterns:
            names = pattern.split('/')
            # One `**` after another means nothing more.
            self.patterns.append([name for name, after in zip(names, [*names[1:], None]) if not name == after == '**'])

    def start(self):
        return {(index, 0) for index in range(len(self.patterns))}

    def with_empty_folders(self, states):
        """`**` may also be no folder at all, but at the end of a pattern."""
        result = set(states)
        for index, place in states:
            names = self.patterns[index]
            if names[place] == '**' and place + 1 < len(names):
                result.add((index, place + 1))
        return result

    def wanted(self, states):
        """What a folder is searched for: by name, [whether files of it match, the states of folders of it]."""
        wanted = {}
        for index, place in states:
            names = self.patterns[index]
            is_last = place + 1 == len(names)
            entry = wanted.setdefault(names[place], [False, set()])
            entry[0] |= is_last
            if names[place] == '**':
                entry[1].add((index, place))
            elif not is_last:
                entry[1].add((index, place + 1))
        return wanted

    def step(self, wanted, name):
        """(whether a file of this name matches, the states of a folder of this name)"""
        matches = False
        inside = set()
        for pattern, (is_last, states) in wanted.items():
            self.check()
            if pattern == '**' or self.matches_name(name, pattern):
                matches |= is_last
                inside |= states
        return matches, inside


def leads_to_folder(folder, name):
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder).st_mode)
    except OSError:
        return False


class Collector:
    """Writes what matches as frames, in the order of names, until a bound is met."""

    def __init__(self, write, kind, max_files, max_file_bytes, max_total_bytes):
        self.allowance = Allowance()
        self.write = lambda kind, payload: self.allowance.without(write, kind, payload)
        self.kind = kind
        self.max_file_bytes = max_file_bytes
        self.files_left = max_files
        self.bytes_left = max_total_bytes
        self.omitted = 0
        self.left_out = []  # (path, reason) of the first
        self.missing = set()  # patterns that are the path of one file, which was not seen yet

    def leave_out(self, path, reason):
        self.omitted += 1
        if len(self.left_out) < MAX_REPORTED:
            self.left_out.append((path, reason))

    def take_all(self, folder):
        """The files of a folder that are whole."""
        names = [name for name in sorted(os.listdir(folder)) if not name.endswith('.part')]
        for index, name in enumerate(names):
            try:
                self.allowance.check()
            except OutOfTime:
                self.omitted += len(names) - index
                return
            self.take(folder, name, name)

    def search(self, folder, patterns):
        """The files that match, then what was left out: patterns too, where there was no time for all that they match."""
        globs = Globs(patterns, self.allowance.check)
        self.missing.update(filter(is_plain, patterns))
        unfinished = []
        try:
            self.walk(folder, globs, globs.start())
        except OutOfTime:
            for pattern in patterns:
                if pattern in self.missing or not is_plain(pattern):
                    unfinished.append((pattern, b'not_collected'))
            self.omitted += len(unfinished)
        for path, reason in self.left_out[: MAX_REPORTED - len(unfinished)] + unfinished:
            # As much of it as a frame holds and as UTF-8 can say.
            self.write(b'L', reason + b' ' + path.encode('utf-8', 'backslashreplace')[: CHUNK_BYTES // 2])

    def walk(self, folder, globs, states, prefix='', depth=0):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            self.leave_out(prefix, b'not_readable')
            return
        wanted = globs.wanted(globs.with_empty_folders(states))
        for name in names:
            matches, inside = globs.step(wanted, name)
            if not matches and not inside:
                continue
            path = prefix + name
            try:
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            except OSError:
                self.leave_out(path, b'not_readable')
                continue
            if stat.S_ISDIR(mode):
                if inside:
                    self.enter(folder, name, globs, inside, path + '/', depth + 1)
            elif not stat.S_ISREG(mode):
                if matches or (inside and leads_to_folder(folder, name)):
                    self.leave_out(path, b'not_regular')
            elif matches:
                self.take(folder, name, path)

    def open(self, name, flags, folder, path):
        try:
            return os.open(name, flags, dir_fd=folder)
        except OSError:
            self.leave_out(path, b'not_readable')
            return None

    def enter(self, parent, name, globs, states, prefix, depth):
        if depth > MAX_DEPTH:
            self.leave_out(prefix, b'too_deep')
            return
        folder = self.open(name, FOLDER, parent, prefix)
        if folder is None:
            return
        try:
            self.walk(folder, globs, states, prefix, depth)
        finally:
            os.close(folder)

    def take(self, folder, name, path):
        self.missing.discard(path)
        try:
            title = path.encode()
        except UnicodeEncodeError:
            self.leave_out(path, b'bad_name')
            return
        fd = self.open(name, FILE, folder, path)
        if fd is None:
            return
        try:
            status = os.fstat(fd)
            size = status.st_size
            if not stat.S_ISREG(status.st_mode):
                self.leave_out(path, b'not_regular')
            elif size > self.max_file_bytes:
                self.leave_out(path, b'too_large')
            elif self.files_left == 0:
                self.leave_out(path, b'too_many')
            elif size > self.bytes_left:
                self.leave_out(path, b'total_too_large')
            else:
                self.files_left -= 1
                self.bytes_left -= size
                self.send(fd, size, title)
        finally:
            os.close(fd)

    def send(self, fd, size, title):
        self.write(self.kind, b'%d ' % size + title)
        while size > 0:
            chunk = os.read(fd, min(size, CHUNK_BYTES))
            if not chunk:
                raise OSError('a file of a dead program became shorter')
            size -= len(chunk)
            self.write(b'B', chunk)
