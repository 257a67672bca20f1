"""Extra: packages that only some metrics need."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from duckpaste.errors import UserError

_NAMES = {"ml": ("sklearn", "scikit-learn"), "syntheval": ("syntheval", "syntheval")}


def there(extra: str) -> bool:
    """Whether the package of an extra can be imported."""
    return importlib.util.find_spec(_NAMES[extra][0]) is not None


def module(name: str, extra: str) -> ModuleType:
    """A module of the package of an extra. Raises UserError when it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = _NAMES[extra][1]
        raise UserError(
            f"this metric needs {package}", name, f"install it: pip install 'duckpaste[{extra}]'"
        ) from None
