"""The environment `data`: its libraries are loaded while the container waits, so that importing them costs nothing.

Only its image has this file. It is loaded in the process that will run the program, never in the runner.
"""

import os
import sys

import display

CACHE = '/usr/lib/sandbox/matplotlib'  # made with the image: looking for fonts takes seconds


def load(plain_modules):
    """Loads the libraries, and sees to it that figures are shown and that the end is quick."""
    import atexit

    loaded = {}
    atexit.register(let_go, loaded)  # first, so that it comes last
    os.makedirs('/tmp/.config/matplotlib', exist_ok=True)
    for name in os.listdir(CACHE):
        os.symlink(f'{CACHE}/{name}', f'/tmp/.config/matplotlib/{name}')
    os.environ['MPLCONFIGDIR'] = '/tmp/.config/matplotlib'

    import gc

    gc.disable()  # nothing of this is garbage
    import matplotlib.pyplot
    import numpy
    import pandas
    import PIL.Image
    import scipy
    import sympy

    show_figures(matplotlib.pyplot)
    loaded.update((name, module) for name, module in sys.modules.items() if name not in plain_modules)
    endless = [loaded]
    endless.append(endless)
    del endless
    gc.freeze()  # no collection looks at any of it again, so the cycle holds it for ever
    gc.enable()


def load_on_import():
    """In a new interpreter (restart.py) nothing is loaded: figures are shown from the program's own import on."""

    class Finder:
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name != 'matplotlib.pyplot':
                return None
            sys.meta_path.remove(cls)
            spec = find_spec(name, path)
            if spec and not spec.origin.startswith('/tmp/'):  # else it is a file of the program's
                execute = spec.loader.exec_module

                def exec_module(module):
                    del spec.loader.exec_module
                    execute(module)
                    show_figures(module)

                spec.loader.exec_module = exec_module
            return spec

    from _frozen_importlib import _find_spec as find_spec

    sys.meta_path.insert(0, Finder)


def let_go(loaded):
    """Hides the loaded modules from Python's end, which would take each of them apart, for memory that goes
    with the process. What the program itself loaded or made is taken apart as ever."""
    for name, module in loaded.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def show_figures(pyplot):
    """Makes `show()` keep figures as PNG, and keeps those that are left open at the end."""
    import atexit
    import io
    import types

    from matplotlib._pylab_helpers import Gcf
    from matplotlib.backends.backend_agg import FigureCanvasAgg, FigureManagerBase
    from matplotlib.figure import Figure

    process = os.getpid()

    def keep(figure):
        data = io.BytesIO()
        figure.savefig(data, format='png')
        display.save('png', data.getvalue())

    class FigureManager(FigureManagerBase):
        def show(self):
            keep(self.canvas.figure)
            Gcf.destroy(self)

        @classmethod
        def pyplot_show(cls, *, block=None):
            for manager in Gcf.get_all_fig_managers():
                keep(manager.canvas.figure)
                Gcf.destroy(manager)

    class FigureCanvas(FigureCanvasAgg):
        manager_class = FigureManager

    def at_end():
        if os.getpid() != process:
            return  # a child of the program ends here too, with a copy of the figures
        for manager in Gcf.get_all_fig_managers():
            try:
                keep(manager.canvas.figure)
            except Exception as error:  # the others can be drawn all the same
                print(f'Figure {manager.num} could not be drawn: {type(error).__name__}: {error}', file=sys.stderr)

    def format_figure(value):
        if not isinstance(value, Figure):
            return False
        if value.canvas.manager not in Gcf.get_all_fig_managers():
            keep(value)  # the others are kept at the end
        return True

    name = 'sandbox_figures'
    module = types.ModuleType(name, 'Keeps figures for the one who sent the program.')
    module.FigureCanvas, module.FigureManager = FigureCanvas, FigureManager
    sys.modules[name] = module
    if 'MPLBACKEND' not in os.environ:  # a new interpreter may have it from the start
        pyplot.switch_backend(f'module://{name}')
    atexit.register(at_end)
    display.formatters.append(format_figure)
