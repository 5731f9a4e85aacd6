"""Matplotlib's backend in the environment `data`: figures become displays, and text in any script has glyphs.

`MPLBACKEND` names it, so it also serves a Python that the program starts.
"""

import atexit
import hashlib
import io
import itertools
import os
import sys
import time
import types
import weakref

import matplotlib
import sandbox_fonts
from matplotlib import animation as animations
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends import backend_registry
from matplotlib.backends.backend_agg import FigureCanvasAgg, FigureManagerBase
from matplotlib.figure import Figure
import sandbox_display as display

PROCESS = os.getpid()
MAX_PIXELS = 8_000_000  # of a figure: 32 MB while it is drawn
MAX_PIXELS_WITH_IMAGES = 2_000_000  # `imshow` takes sixty bytes for each of its pixels
MAX_IMAGE_BYTES = 2 * 1024 * 1024  # of one display: half of the default of MAX_OUTPUT_FILES_BYTES
LIVE_SECONDS = 1  # between two images of a figure that the program updates while it is shown
MAX_FRAMES = 60  # of an animation; a longer one leaves out frames between them
MAX_ANIMATION_FRAMES = 600  # of which those are taken
MAX_ANIMATION_SECONDS = 2  # to draw it
MAX_ANIMATION_PIXELS = 640 * 480  # of a frame
FASTEST = 2  # Image.Quantize.FASTOCTREE


class Shown:
    """The display of a figure."""

    def __init__(self):
        self.place = None
        self.digest = None
        self.is_live = False  # shown without waiting: the program may still change it
        self.drawn_at = 0.0


shown = weakref.WeakKeyDictionary()  # figure -> Shown
running = weakref.WeakKeyDictionary()  # figure -> reference to its animation
has_ended = False


def png_of(figure):
    """The figure as PNG, smaller where it would be too large to be returned."""
    width, height = figure.get_size_inches()
    has_images = figure.images or any(axes.images for axes in figure.axes)
    pixels = MAX_PIXELS_WITH_IMAGES if has_images else MAX_PIXELS
    dpi = min(figure.dpi, (pixels / max(width * height, 1e-9)) ** 0.5)
    backend = None if isinstance(figure.canvas, FigureCanvasAgg) else 'agg'
    while True:
        data = io.BytesIO()
        figure.savefig(data, format='png', dpi=dpi, backend=backend)
        if data.tell() <= MAX_IMAGE_BYTES or dpi < 20:
            return data.getvalue()
        dpi *= 0.7


def animation_of(figure):
    """The animation of a figure, as long as the program holds it."""
    return running.get(figure, lambda: None)()


def start_animation(self, figure, *args, **options):
    running[figure] = weakref.ref(self)
    init_animation(self, figure, *args, **options)


def gif_of(animation):
    """An animation as GIF, and whether it has all of its frames."""
    figure = animation._fig
    width, height = figure.get_size_inches()
    dpi = min(figure.dpi, (MAX_ANIMATION_PIXELS / max(width * height, 1e-9)) ** 0.5)
    total = getattr(animation, '_save_count', None) or 0
    stride = max(1, -(-min(total, MAX_ANIMATION_FRAMES) // MAX_FRAMES))
    return gif(frames_of(animation, dpi, stride), getattr(animation, '_interval', 200) * stride)


def frames_of(animation, dpi, stride):
    from PIL import Image

    figure = animation._fig
    ends_at = time.monotonic() + MAX_ANIMATION_SECONDS
    old_dpi, old_canvas, manager = figure.dpi, figure.canvas, figure.canvas.manager
    canvas = FigureCanvasAgg(figure)
    try:
        canvas.manager = None  # drawing it is not showing it
        figure._set_dpi(dpi, forward=False)
        canvas._is_saving = True  # its first drawing would start it
        animation._init_draw()
        drawn = 0
        for number, data in enumerate(itertools.islice(animation.new_saved_frame_seq(), MAX_ANIMATION_FRAMES)):
            animation._draw_frame(data)
            if number % stride:
                continue
            if drawn == MAX_FRAMES or time.monotonic() > ends_at:
                print(f'The animation was returned with its first {number} frames.', file=sys.stderr)
                return
            canvas.draw()
            yield Image.frombuffer('RGBA', canvas.get_width_height(), canvas.buffer_rgba(), 'raw', 'RGBA', 0, 1)
            drawn += 1
    finally:
        figure._set_dpi(old_dpi, forward=False)
        figure.set_canvas(old_canvas)
        old_canvas.manager = manager


def gif(images, interval_ms):
    """Images as one GIF that repeats; as many of them as fit."""
    frames = []
    for image in images:  # one byte for a pixel from here on
        frames.append(image.convert('RGB').quantize(128, FASTEST))
    if not frames:
        return None
    while True:
        data = io.BytesIO()
        duration = max(20, round(interval_ms))
        frames[0].save(data, 'GIF', save_all=True, append_images=frames[1:], duration=duration, loop=0)
        if data.tell() <= MAX_IMAGE_BYTES or len(frames) == 1:
            return data.getvalue()
        frames, interval_ms = frames[::2], interval_ms * 2


def draw(figure):
    """A figure as (extension, data): its animation where it has one."""
    animation = animation_of(figure)
    if animation is not None:
        data = gif_of(animation)
        if data:
            return 'gif', data
    return 'png', png_of(figure)


def keep(figure, place=None, is_live=False):
    """Keeps a figure as a display unless it is there already, as it is now. One that is live has one display, which is
    replaced; `place` is of another display to replace."""
    entry = shown.setdefault(figure, Shown())
    if place is None and entry.digest and not figure.stale and entry.is_live == is_live:
        return entry.place
    extension, data = ('png', png_of(figure)) if is_live else draw(figure)
    digest = hashlib.blake2b(data).digest()
    if place is not None or digest != entry.digest or entry.place not in display.saved:
        entry.place = display.save(extension, data, place or (entry.place if entry.is_live else None))
    entry.digest = digest
    entry.is_live = is_live
    entry.drawn_at = time.monotonic()
    return entry.place


def keep_live(figure):
    """Keeps a figure that the program goes on to change: now, and when it is closed or the program ends."""
    entry = shown.get(figure)
    if not entry or not entry.is_live or time.monotonic() - entry.drawn_at > LIVE_SECONDS:
        keep(figure, is_live=True)


class Window:
    """The window that a figure would have: programs size and name it."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self


class FigureManager(FigureManagerBase):
    window = frame = Window()

    def show(self):
        keep_live(self.canvas.figure)

    def destroy(self):
        entry = shown.get(self.canvas.figure)
        if entry and entry.is_live and not has_ended and os.getpid() == PROCESS:
            keep(self.canvas.figure)

    @classmethod
    def pyplot_show(cls, *, block=None):
        if block is None:
            block = not matplotlib.is_interactive()
        for manager in Gcf.get_all_fig_managers():
            if block:
                keep(manager.canvas.figure)
                Gcf.destroy(manager)
            else:
                keep_live(manager.canvas.figure)


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


def at_end():
    """Keeps the figures that are left open."""
    global has_ended
    has_ended = True
    if os.getpid() != PROCESS:
        return  # a child of the program ends here too, with a copy of the figures
    for manager in Gcf.get_all_fig_managers():
        try:
            if not is_left_over(manager.canvas.figure):
                keep(manager.canvas.figure)
        except Exception as error:  # the others can be drawn all the same
            print(f'Figure {manager.num} could not be drawn: {type(error).__name__}: {error}', file=sys.stderr)


def is_left_over(figure):
    """Whether a figure is the empty one that `savefig` makes after `show`."""
    return figure.get_children() == [figure.patch] and not figure.stale


def format_figure(value, place):
    if isinstance(value, animations.Animation):
        data = gif_of(value)
        return display.save('gif', data, place) if data else None
    return keep(value, place) if isinstance(value, Figure) else None


def load_backend_module(backend, load=backend_registry.load_backend_module):
    """In place of a backend with windows or without any: this one. Those that write files keep their own canvas."""
    name = backend.lower()
    framework = backend_registry._BUILTIN_BACKEND_TO_GUI_FRAMEWORK.get(name)
    if name in NOTEBOOK_BACKENDS or name == 'agg' or framework not in (None, 'headless'):
        return sys.modules[__name__]
    try:
        module = load(backend)
    except ImportError:
        if framework is None:
            raise
        return sys.modules[__name__]
    if framework is None:
        return module
    own = types.ModuleType(module.__name__)
    vars(own).update(vars(module))
    own.FigureCanvas = type('FigureCanvas', (module.FigureCanvas,), {'manager_class': FigureManager})
    own.new_figure_manager = own.show = None
    return own


NOTEBOOK_BACKENDS = (
    *('inline', 'module://matplotlib_inline.backend_inline'),
    *('widget', 'ipympl', 'module://ipympl.backend_nbagg'),
)


def html_animation(html):
    """The frames of `Animation.to_jshtml()` as GIF: its player is a script."""
    if 'new Animation(' not in html or 'class="animation"' not in html:
        return None
    import binascii
    import re

    from PIL import Image

    frames = re.findall(r'frames\[\d+\] = "data:image/png;base64,([^"]*)"', html)
    interval = re.search(r'new Animation\(frames, img_id, slider_id, ([\d.]+)', html)
    stride = max(1, -(-len(frames) // MAX_FRAMES))
    images = (Image.open(io.BytesIO(binascii.a2b_base64(frame))) for frame in frames[::stride])
    data = gif(images, float(interval[1] if interval else 200) * stride)
    return ('gif', data) if data else None


def to_html5_video(self, embed_limit=None):
    """A page plays a GIF where there is no program to make a video."""
    if animations.FFMpegWriter.isAvailable():
        return make_video(self, embed_limit)
    import binascii

    image = binascii.b2a_base64(gif_of(self) or b'', newline=False).decode()
    return f'<img src="data:image/gif;base64,{image}">'


def grab_frame(self, **options):
    """Keeps frames with one byte for a pixel, as GIF has them: two hundred of four bytes are more than the memory."""
    grab_rgb_frame(self, **options)
    if self._frames[-1].mode == 'RGB' and str(self.outfile).lower().endswith('.gif'):
        self._frames[-1] = self._frames[-1].convert('P', palette=1)  # Image.Palette.ADAPTIVE, as it is saved


grab_rgb_frame = animations.PillowWriter.grab_frame
animations.PillowWriter.grab_frame = grab_frame
init_animation = animations.Animation.__init__
animations.Animation.__init__ = start_animation
make_video = animations.Animation.to_html5_video
animations.Animation.to_html5_video = to_html5_video
matplotlib.rcParams['animation.writer'] = matplotlib.rcParamsDefault['animation.writer'] = 'pillow'
backend_registry.load_backend_module = load_backend_module
backend_registry._backend_to_gui_framework.update(dict.fromkeys(NOTEBOOK_BACKENDS, 'headless'))
sandbox_fonts.install()
display.formatters.append(format_figure)
display.html_filters.append(html_animation)
atexit.register(at_end)
