"""What programs from notebooks import of IPython: `display` and its classes. There is no shell, so `get_ipython()` is None.

An installed IPython is used in place of this one.
"""

import sys as _sys
from types import ModuleType as _ModuleType

from . import display

version_info = (0, 0)


def get_ipython():
    return None


def _add_module(name, **members):
    module = _ModuleType(f'{__name__}.{name}')
    vars(module).update(members)
    _sys.modules[module.__name__] = module
    return module


core = _add_module(
    'core',
    __path__=[],
    display=display,
    display_functions=display,
    getipython=_add_module('core.getipython', get_ipython=get_ipython),
)
lib = _add_module('lib', __path__=[], display=display)
for _name in ('core.display', 'core.display_functions', 'lib.display'):
    _sys.modules[f'{__name__}.{_name}'] = display
