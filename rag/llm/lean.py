"""Importing `openai` in half the time.

Most of what `import openai` costs is some 400 modules of types for endpoints that are never used
here (0.4 of 0.8 s of CPU, `python -m bench overhead`). The packages of those types are put in
place empty; whoever asks one for a name, inside the client or in a program that uses both, gets
the real package loaded in that moment.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType

_DEFERRED = ("openai.types", "openai.types.responses", "openai.types.shared")


def import_openai() -> ModuleType:
    """Import the `openai` package, its types deferred where that is possible.

    Raises:
        ImportError: when it is not installed.
    """
    if "openai" not in sys.modules:
        for name in _DEFERRED:
            if (spec := _spec(name)) is not None and name not in sys.modules:
                sys.modules[name] = _deferred(spec)
    import openai

    return openai


def _spec(name: str) -> ModuleSpec | None:
    """Find a package below `openai` without importing what is above it."""
    root, *rest = name.split(".")
    spec = importlib.util.find_spec(root)
    for part in rest:
        if spec is None or not spec.submodule_search_locations:
            return None
        spec = PathFinder.find_spec(f"{spec.name}.{part}", spec.submodule_search_locations)
    return spec if spec is not None and spec.loader is not None else None


def _deferred(spec: ModuleSpec) -> ModuleType:
    module = importlib.util.module_from_spec(spec)
    lock, begun = RLock(), list[bool]()

    def load(name: str) -> object:
        """Load the package once; other threads wait until it is whole."""
        if not name.startswith("__"):
            with lock:
                if not begun:
                    begun.append(True)
                    assert spec.loader is not None  # `_spec` returned it
                    spec.loader.exec_module(module)
                    del module.__dict__["__getattr__"]
                if name in module.__dict__:
                    return module.__dict__[name]
        raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")

    module.__dict__["__getattr__"] = load
    return module
