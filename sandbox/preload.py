"""The environment `data`: its libraries are loaded while the container waits, so that importing them costs nothing.

Only its image has this file. It is loaded in the process that will run the program, never in the runner.
"""

import os
import sys

CACHE = '/usr/lib/sandbox/matplotlib'  # made with the image: looking for fonts takes seconds


def load(plain_modules):
    """Loads the libraries, and sees to it that figures are shown and that the end is quick."""
    import atexit

    loaded = {}
    atexit.register(let_go, loaded)  # first, so that it comes last
    os.makedirs('/tmp/.config/matplotlib', exist_ok=True)
    for name in os.listdir(CACHE):
        if not os.path.lexists(f'/tmp/.config/matplotlib/{name}'):
            os.symlink(f'{CACHE}/{name}', f'/tmp/.config/matplotlib/{name}')
    os.environ['MPLCONFIGDIR'] = '/tmp/.config/matplotlib'
    os.environ['MPLBACKEND'] = 'module://sandbox_figures'

    import gc

    gc.disable()  # nothing of this is garbage
    import matplotlib.pyplot
    import numpy
    import pandas
    import PIL.GifImagePlugin
    import PIL.Image
    import PIL.PngImagePlugin
    import scipy
    import sympy

    matplotlib.pyplot.switch_backend(os.environ['MPLBACKEND'])
    loaded.update((name, module) for name, module in sys.modules.items() if name not in plain_modules)
    endless = [loaded]
    endless.append(endless)
    del endless
    gc.freeze()  # no collection looks at any of it again, so the cycle holds it for ever
    gc.enable()


def let_go(loaded):
    """Hides the loaded modules from Python's end, which would take each of them apart, for memory that goes
    with the process. What the program itself loaded or made is taken apart as ever."""
    for name, module in loaded.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
