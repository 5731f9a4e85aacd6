"""What a program shows: the rich form of a value, as a file that the runner collects with the others.

The files' extensions are the types; src/run/outcome.ts has the same ones.
"""

import itertools
import os
import sys

FOLDER = '/tmp/.displays'
FORMS = (  # richest first
    ('_repr_html_', 'html'),
    ('_repr_svg_', 'svg'),
    ('_repr_png_', 'png'),
    ('_repr_jpeg_', 'jpeg'),
    ('_repr_latex_', 'tex'),
    ('_repr_markdown_', 'md'),
)

numbers = itertools.count(1)
formatters = []  # value -> True where it has been dealt with: what an environment adds


def save(extension, data):
    """Keeps one display. It has its name when it is whole: a program may be ended at any moment."""
    number = next(numbers)
    path = f'{FOLDER}/{number:06}-{os.getpid()}'  # children of the program have the same numbers
    try:
        os.makedirs(FOLDER, 0o700, exist_ok=True)
        with open(f'{path}.part', 'wb') as file:
            file.write(data)
        os.rename(f'{path}.part', f'{path}.{extension}')
    except OSError as error:
        print(f'Display {number} could not be kept: {error}', file=sys.stderr)


def show(value):
    """The richest form that a value has; its `repr` where it has no other."""
    if value is None or any(formatter(value) for formatter in formatters):
        return
    for method, extension in FORMS:
        form = getattr(value, method, None) if hasattr(type(value), method) else None
        data = form() if callable(form) else None
        if isinstance(data, tuple):
            data = data[0]  # with its metadata
        if data:
            save(extension, data.encode('utf-8', 'backslashreplace') if isinstance(data, str) else data)
            return
    save('txt', repr(value).encode('utf-8', 'backslashreplace'))
