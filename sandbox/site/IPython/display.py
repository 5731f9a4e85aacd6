"""The functions and classes of `IPython.display`, for programs that were written for notebooks."""

import os as _os

import sandbox_display as _own

display = _own.display
update_display = _own.update_display
clear_output = _own.clear_output
DisplayHandle = _own.DisplayHandle

_IMAGES = (  # what their data begins with
    (b'\x89PNG\r\n\x1a\n', 'image/png', 'png'),
    (b'\xff\xd8', 'image/jpeg', 'jpeg'),
    (b'GIF8', 'image/gif', 'gif'),
)


def publish_display_data(data, metadata=None, *, transient=None, update=False, **kwargs):
    display_id = (transient or {}).get('display_id')
    if update:
        update_display(data, display_id=display_id, raw=True)
    else:
        display(data, display_id=display_id, raw=True)


def _display_as(mime):
    def display_as(*objs, raw=False, **kwargs):
        for value in objs:
            data = value if raw else _own.forms_of(value).get(mime)
            if data is not None:
                _own.publish_forms({mime: data}, type(value).__name__)

    return display_as


display_html = _display_as('text/html')
display_svg = _display_as('image/svg+xml')
display_png = _display_as('image/png')
display_jpeg = _display_as('image/jpeg')
display_latex = _display_as('text/latex')
display_markdown = _display_as('text/markdown')
display_json = _display_as('application/json')
display_pretty = _display_as('text/plain')


def display_javascript(*objs, **kwargs):
    display(*objs)


def set_matplotlib_formats(*formats, **kwargs):
    """Figures come back as PNG."""


def set_matplotlib_close(close=True):
    """Figures that are left open come back at the end."""


class DisplayObject:
    """Something to show, from data or from a file."""

    _reads_bytes = False

    def __init__(self, data=None, url=None, filename=None, metadata=None):
        if isinstance(data, _os.PathLike):
            data, filename = None, _os.fspath(data)
        if isinstance(data, str) and url is None and filename is None:
            if data.startswith(('http://', 'https://')):
                data, url = None, data
            elif self._is_path(data):
                data, filename = None, data
        self.data = data
        self.url = url
        self.filename = None if filename is None else _os.fspath(filename)
        self.metadata = metadata or {}
        self.reload()
        self._check_data()

    def _is_path(self, text):
        return len(text) < 1024 and '\n' not in text and '<' not in text and _os.path.isfile(text)

    def _check_data(self):
        pass

    def reload(self):
        """Reads the file again."""
        if self.filename is not None:
            options = {} if self._reads_bytes else {'encoding': 'utf-8'}
            with open(self.filename, 'rb' if self._reads_bytes else 'r', **options) as file:
                self.data = file.read()

    def __repr__(self):
        return f'<{type(self).__module__}.{type(self).__qualname__} object>'

    def _ipython_display_(self):
        if self.url is not None and self.data is None:
            _own.tell(f'{type(self).__name__} of {self.url} is not shown: programs have no network.')
            return
        raise NotImplementedError


class TextDisplayObject(DisplayObject):
    def _check_data(self):
        if self.data is not None and not isinstance(self.data, str):
            raise TypeError(f'{type(self).__name__} expects text, not {self.data!r}')


class Pretty(TextDisplayObject):
    def __repr__(self):
        return self.data or ''


class HTML(TextDisplayObject):
    def _is_path(self, text):
        return False

    def _repr_html_(self):
        return self.data

    def __html__(self):
        return self.data


class Markdown(TextDisplayObject):
    def _is_path(self, text):
        return False

    def _repr_markdown_(self):
        return self.data


class Latex(TextDisplayObject):
    def _is_path(self, text):
        return False

    def _repr_latex_(self):
        return self.data


class Math(Latex):
    def _repr_latex_(self):
        return '$\\displaystyle %s$' % self.data.strip('$')


class SVG(DisplayObject):
    def _check_data(self):
        if isinstance(self.data, bytes):
            self.data = self.data.decode('utf-8', 'replace')
        start = (self.data or '').find('<svg')
        if start > 0:
            self.data = self.data[start:]  # without the XML declaration

    def _repr_svg_(self):
        return self.data


class JSON(DisplayObject):
    def __init__(self, data=None, url=None, filename=None, expanded=False, metadata=None, root='root', **kwargs):
        super().__init__(data, url, filename, metadata)
        if isinstance(self.data, str):
            import json

            self.data = json.loads(self.data)

    def _is_path(self, text):
        return False

    def _repr_json_(self):
        return self.data


class Code(TextDisplayObject):
    def __init__(self, data=None, url=None, filename=None, language=None):
        self.language = language
        super().__init__(data, url, filename)

    def _is_path(self, text):
        return False

    def __repr__(self):
        return self.data or ''


class ProgressBar(DisplayObject):
    def __init__(self, total):
        self.total = total
        self._progress = 0
        self._handle = DisplayHandle()
        super().__init__()

    def _repr_html_(self):
        return f'<progress max="{self.total}" value="{self._progress}"></progress>'

    def display(self):
        self._handle.display(self)

    def update(self):
        self._handle.update(self)

    @property
    def progress(self):
        return self._progress

    @progress.setter
    def progress(self, value):
        self._progress = value
        self.update()

    def __iter__(self):
        self.display()
        for step in range(self.total):
            yield step
            self.progress = step + 1


class Image(DisplayObject):
    """An image: PNG, JPEG or GIF."""

    _reads_bytes = True

    def __init__(self, data=None, url=None, filename=None, format=None, embed=None, width=None, height=None, **kwargs):
        if isinstance(data, str) and data.startswith('data:image/') and ';base64,' in data[:64]:
            import binascii

            data = binascii.a2b_base64(data.partition(',')[2])
        elif isinstance(data, str) and not data.startswith(('http://', 'https://')):
            data, filename = None, data
        elif isinstance(data, (bytearray, memoryview)):
            data = bytes(data)
        super().__init__(data, url, filename)
        self.format = format
        self.embed = True if embed is None else embed
        self.width, self.height = width, height
        if self.data is None and self.url is None:
            raise ValueError('No image data found. Expecting filename, url, or data.')

    def _form(self):
        for start, mime, extension in _IMAGES:
            if bytes(self.data[:8]).startswith(start):
                return mime, extension, self.data
        if b'<svg' in bytes(self.data[:4096]):
            return 'image/svg+xml', 'svg', self.data
        try:  # other formats, where Pillow is there to read them
            import io

            import PIL.Image

            png = io.BytesIO()
            PIL.Image.open(io.BytesIO(self.data)).save(png, 'PNG')
            return 'image/png', 'png', png.getvalue()
        except ImportError:
            return None
        except OSError:
            return None

    def _repr_mimebundle_(self, include=None, exclude=None):
        if self.data is None:
            raise NotImplementedError
        form = self._form()
        if form is None:
            return {'text/plain': 'This image is not shown: its data is not a PNG, JPEG or GIF.'}
        return {form[0]: bytes(form[2])}


class _Untransferable(DisplayObject):
    """What a notebook's page would play, load or run."""

    _reason = ''

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def _ipython_display_(self):
        _own.tell(f'{type(self).__name__} is not shown: {self._reason}')


class Audio(_Untransferable):
    _reason = 'displays have no sound. Write it to a file and return that with outputFiles.'


class Video(_Untransferable):
    _reason = 'displays are images and text. Return the file with outputFiles.'


class IFrame(_Untransferable):
    _reason = 'a display can not load another page.'


class YouTubeVideo(IFrame):
    pass


class VimeoVideo(IFrame):
    pass


class ScribdDocument(IFrame):
    pass


class Javascript(_Untransferable):
    _reason = 'JavaScript is not run here.'


class GeoJSON(_Untransferable):
    _reason = 'a map needs JavaScript, which is not run here.'


class FileLink(_Untransferable):
    def __init__(self, path, *args, **kwargs):
        super().__init__(path, *args, **kwargs)
        self.path = _os.fspath(path)

    def _ipython_display_(self):
        _own.tell(f'The file {self.path} is returned if outputFiles names it.')


class FileLinks(FileLink):
    pass


__all__ = [name for name in dir() if not name.startswith('_')]
