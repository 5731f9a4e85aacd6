"""Loads what an environment wants loaded while a container waits, so that importing it costs a program nothing.

Only images of environments with something to load have this file. The environment's own preload.py runs first, then the
modules in preload.txt are imported. All of it happens in the process that will run the program, never in the runner.
"""

import os
import sys
from _frozen_importlib_external import SourcelessFileLoader

FOLDER = os.path.dirname(__file__)
OWN_MODULE = 'environment_preload'


def load(plain_modules):
    """Loads all of it, and sees to it that the end is quick. A module that cannot be imported is left to the program,
    which then gets the error."""
    if os.environ.pop('SANDBOX_PRELOAD', '') == 'off':
        return
    import atexit
    import gc

    loaded = {}
    atexit.register(let_go, loaded)  # first, so that it comes last
    gc.disable()  # nothing of this is garbage
    run_own_file()
    for name in names():
        try:
            __import__(name)
        except Exception:
            pass
    loaded.update((name, module) for name, module in sys.modules.items() if name not in plain_modules)
    endless = [loaded]
    endless.append(endless)
    del endless
    gc.freeze()  # no collection looks at any of it again, so the cycle holds it for ever
    gc.enable()


def run_own_file():
    """Runs the environment's preload.py, where there is one."""
    path = f'{FOLDER}/{OWN_MODULE}.pyc'
    if os.path.exists(path):
        module = type(sys)(OWN_MODULE)
        exec(SourcelessFileLoader(OWN_MODULE, path).get_code(OWN_MODULE), module.__dict__)


def names():
    try:
        with open(f'{FOLDER}/preload.txt') as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def let_go(loaded):
    """Hides the loaded modules from Python's end, which would take each of them apart, for memory that goes
    with the process. What the program itself loaded or made is taken apart as ever."""
    for name, module in loaded.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
