"""What a program shows: the rich form of a value, as a file that the runner collects with the others.

The files' extensions are the types; src/run/display-types.ts has the same ones. `display` is a builtin of every program.
"""

import os
import sys
import time

FOLDER = '/tmp/.displays'
TYPES = (  # richest first, as notebooks prefer them
    ('text/html', '_repr_html_', 'html'),
    ('image/svg+xml', '_repr_svg_', 'svg'),
    ('image/png', '_repr_png_', 'png'),
    ('image/jpeg', '_repr_jpeg_', 'jpeg'),
    ('image/gif', '_repr_gif_', 'gif'),
    ('text/latex', '_repr_latex_', 'tex'),
    ('text/markdown', '_repr_markdown_', 'md'),
    ('application/json', '_repr_json_', 'json'),
    ('text/plain', '', 'txt'),
)
IDLE_TYPES = ('text/latex', 'text/markdown', 'image/')  # those that need no script where the HTML of a value does
VISIBLE_TAGS = ('<img', '<svg', '<table', '<input', '<progress', '<meter', '<hr')

formatters = []  # (value, place) -> the place where it has been dealt with, else None: what an environment adds
html_filters = []  # HTML -> (extension, data) in its place, else None
saved = {}  # place -> the extension of the file there
places = {}  # display_id -> the place of its latest display
is_clear_pending = False


def save(extension, data, place=None):
    """Keeps one display; returns its place, which a later display may take. A file has its name when it is whole: a
    program may be ended at any moment."""
    if is_clear_pending:
        clear()
        place = None
    if place is None:
        # In the order of time, also between the processes of a program.
        place = f'{time.monotonic_ns():020}-{os.getpid()}-{len(saved):06}'
    path = f'{FOLDER}/{place}'
    try:
        os.makedirs(FOLDER, 0o700, exist_ok=True)
        with open(f'{path}.part', 'wb') as file:
            file.write(data)
        os.rename(f'{path}.part', f'{path}.{extension}')
        if saved.get(place, extension) != extension:
            os.unlink(f'{path}.{saved[place]}')
        saved[place] = extension
    except OSError as error:
        print(f'A display could not be kept: {error}', file=sys.stderr)
        try:
            os.unlink(f'{path}.part')
        except OSError:
            pass
    return place


def clear(wait=False):
    """Removes the displays so far; with `wait`, when the next one comes."""
    global is_clear_pending
    is_clear_pending = wait
    if wait:
        return
    try:
        for name in os.listdir(FOLDER):
            os.unlink(f'{FOLDER}/{name}')
    except OSError:
        pass
    saved.clear()
    places.clear()


def show(value):
    """The value of a program's last expression."""
    if value is not None:
        publish(value)


def publish(value, place=None):
    """Keeps the richest form that a value has, its `repr` where it has no other; returns the place."""
    for formatter in formatters:
        taken = formatter(value, place)
        if taken is not None:
            return taken
    method = method_of(value, '_ipython_display_')
    if method:
        try:
            method()
            return place
        except NotImplementedError:
            pass
    return publish_forms(forms_of(value), type(value).__name__, place)


def method_of(value, name):
    # By its type: an object that makes up any attribute has none of these forms.
    method = getattr(value, name, None) if hasattr(type(value), name) else None
    return method if callable(method) else None


def call(method, **options):
    """What a method of a value returns, without its metadata; None where it has nothing to say."""
    try:
        data = method(**options) if method else None
    except NotImplementedError:
        return None
    return data[0] if isinstance(data, tuple) else data


class forms_of:
    """The forms of a value by type, each of them made when it is looked at."""

    def __init__(self, value):
        self.value = value
        bundle = call(method_of(value, '_repr_mimebundle_'), include=None, exclude=None)
        self.bundle = bundle if isinstance(bundle, dict) else {}

    def __iter__(self):
        return iter(self.bundle)

    def get(self, mime):
        if self.bundle.get(mime) is not None and mime != 'text/plain':
            return self.bundle[mime]
        for known, name, _ in TYPES:
            if known == mime and name:
                return call(method_of(self.value, name))
        return self.bundle.get(mime) or repr(self.value)


def publish_forms(forms, title, place=None):
    """Keeps the richest of several forms of a value: `forms` has its types as keys."""
    needs_script = any(is_for_script(mime) for mime in forms)
    is_idle = False  # whether its HTML shows nothing without a script
    for mime, _, extension in TYPES:
        if is_idle and not mime.startswith(IDLE_TYPES) or needs_script and mime == 'text/plain':
            continue
        data = forms.get(mime)
        if data is None or mime != 'application/json' and len(data) == 0:
            continue
        if mime == 'text/html':
            for html_filter in html_filters:
                found = html_filter(data)
                if found:
                    return save(*found, place)
            if has_script(data):
                if not is_visible(data):
                    is_idle = needs_script = True
                    continue
                data += '<p>Parts of this display need JavaScript, which is not run here.</p>'
        return save(extension, as_bytes(mime, data), place)
    if needs_script:
        return tell(f'This display ({title}) needs JavaScript, which is not run here.', place)
    return place


def tell(sentence, place=None):
    """Shows a sentence in place of what can't be shown."""
    return save('txt', sentence.encode('utf-8', 'backslashreplace'), place)


def is_for_script(mime):
    """Whether only a script of a notebook's page can show this type."""
    return mime.startswith(('application/', 'text/javascript')) and mime not in ('application/json', 'application/pdf')


def has_script(html):
    lower = html.lower()
    return '<script' in lower or '&lt;script' in lower and '<iframe' in lower


def is_visible(html):
    """Whether HTML shows anything where scripts are not run."""
    lower = html.lower()
    for tag in ('script', 'style', 'iframe', 'noscript', 'template', 'title'):
        start = lower.find(f'<{tag}')
        while start >= 0:
            end = lower.find(f'</{tag}', start)
            lower = lower[:start] + (lower[end:].partition('>')[2] if end >= 0 else '')
            start = lower.find(f'<{tag}')
    if any(tag in lower for tag in VISIBLE_TAGS):
        return True
    text = ''.join(part.partition('>')[2] for part in ('>' + lower).split('<'))
    return bool(text.replace('&nbsp;', '').strip())


def as_bytes(mime, data):
    if mime == 'application/json' and not isinstance(data, (str, bytes)):
        import json

        data = json.dumps(data, default=str)
    if isinstance(data, str):
        if mime in ('image/png', 'image/jpeg', 'image/gif'):
            import binascii

            return binascii.a2b_base64(data)
        return data.encode('utf-8', 'backslashreplace')
    return bytes(data)


class DisplayHandle:
    """A display that can be replaced."""

    def __init__(self, display_id=None):
        self.display_id = display_id or os.urandom(16).hex()

    def __repr__(self):
        return f'<DisplayHandle display_id={self.display_id}>'

    def display(self, obj, **options):
        display(obj, display_id=self.display_id, **options)

    def update(self, obj, **options):
        update_display(obj, display_id=self.display_id, **options)


def display(
    *objs, include=None, exclude=None, metadata=None, transient=None, display_id=None, raw=False, clear=False, **options
):
    """Shows each of the values, in its richest form. With `display_id`, returns a handle that can update the display."""
    handle = None
    if display_id is not None:
        handle = DisplayHandle(None if display_id is True else display_id)
    if clear:
        clear_output(wait=True)
    for value in objs:
        place = publish_forms(value, 'raw') if raw else publish(value)
        if handle:
            places[handle.display_id] = place
    return handle


def update_display(obj, *, display_id, **options):
    """Shows a value in the place of the display with this id; does nothing where there is none."""
    place = places.get(display_id)
    if place in saved:
        publish_forms(obj, 'raw', place) if options.get('raw') else publish(obj, place)


clear_output = clear
display.module = sys.modules[__name__]  # for what the program imports: no list of modules has this one


def ends_silently(source, expression):
    """Whether the last expression of a program is followed by a semicolon: a notebook does not show it then."""
    lines = source.encode().replace(b'\r\n', b'\n').replace(b'\r', b'\n').split(b'\n')[expression.end_lineno - 1 :]
    lines[0] = lines[0][expression.end_col_offset :]
    return any(b';' in line.partition(b'#')[0] for line in lines)  # else only brackets and comments follow
