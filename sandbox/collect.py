"""Collects the files that a program left, when it is dead: nothing can be swapped any more.

Every folder and file is opened by its name in a folder that is open already, never through a link. What is left out
is told with a reason (src/outcome.ts has the same words).
"""

import os
import stat

MAX_DEPTH = 64  # folders within folders
MAX_REPORTED = 100  # of what is left out: the rest is only counted
CHUNK_BYTES = 65536
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe does not wait for its writer


class Globs:
    """Patterns of names between slashes, followed folder by folder. `**` is any number of folders."""

    def __init__(self, patterns):
        from fnmatch import fnmatchcase  # 10 ms, so only where there is something to match

        self.matches_name = fnmatchcase
        self.patterns = [pattern.split('/') for pattern in patterns]

    def start(self):
        return self.with_empty_folders({(index, 0) for index in range(len(self.patterns))})

    def with_empty_folders(self, states):
        """`**` may also be no folder at all, but at the end of a pattern."""
        result = set()
        for index, place in states:
            result.add((index, place))
            names = self.patterns[index]
            while place + 1 < len(names) and names[place] == '**':
                place += 1
                result.add((index, place))
        return result

    def step(self, states, name):
        """(whether a file of this name matches, the states of a folder of this name)"""
        matches = False
        inside = set()
        for index, place in states:
            names = self.patterns[index]
            is_last = place + 1 == len(names)
            if names[place] == '**':
                matches |= is_last
                inside.add((index, place))
            elif self.matches_name(name, names[place]):
                matches |= is_last
                if not is_last:
                    inside.add((index, place + 1))
        return matches, self.with_empty_folders(inside)


def leads_to_folder(folder, name):
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder).st_mode)
    except OSError:
        return False


class Collector:
    """Writes what matches as frames, in the order of names, until a bound is met."""

    def __init__(self, write, kind, max_files, max_file_bytes, max_total_bytes):
        self.write = write
        self.kind = kind
        self.max_file_bytes = max_file_bytes
        self.files_left = max_files
        self.bytes_left = max_total_bytes
        self.omitted = 0

    def leave_out(self, path, reason):
        self.omitted += 1
        if self.kind == b'F' and self.omitted <= MAX_REPORTED:
            # As much of it as a frame holds and as UTF-8 can say.
            self.write(b'L', reason + b' ' + path.encode('utf-8', 'backslashreplace')[:CHUNK_BYTES // 2])

    def take_all(self, folder):
        """The files of a folder that are whole."""
        for name in sorted(os.listdir(folder)):
            if not name.endswith('.part'):
                self.take(folder, name, name)

    def walk(self, folder, globs, states, prefix='', depth=0):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            self.leave_out(prefix, b'not_readable')
            return
        for name in names:
            matches, inside = globs.step(states, name)
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
