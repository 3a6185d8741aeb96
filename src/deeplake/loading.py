"""Modules loaded at their first use, in less time. Knows none of them."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as type checkers read it; importing typing costs 8 ms
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def load(name: str) -> ModuleType:
    """Import a module, and what it needs, while the garbage collector rests.

    What modules make stays, so collections while they load find nothing and walk everything:
    30 of them, 10 of the 90 ms to a first row, and 13 of 200 to the first rows of the engine.
    Freezing and thawing hands the new objects to the oldest generation without a walk, where they
    would end up; a process that keeps frozen objects of its own (before forking) is left alone.

    >>> load("json").dumps([1])
    '[1]'
    """
    known = sys.modules.get(name)
    if known is not None and not getattr(getattr(known, "__spec__", None), "_initializing", False):
        return known  # whole: of one that another thread is at, the import waits for its end
    import gc
    from importlib import import_module

    collecting = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if collecting:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def later(name: str) -> Any:
    """A module that is loaded when the first of its names is asked for.

    For what a module on the way to a first row needs on other ways only: a kilobyte of bytecode
    costs 12 us to load and 4 more when the process ends. A name is kept once it is found, so that
    asking again costs what an attribute costs, 15 ns. Type checkers see a plain import beside it.

    >>> base64 = later("base64")
    >>> base64.b64encode(b"later")
    b'bGF0ZXI='
    """
    return _Later(name)


class _Later:
    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = getattr(load(self.__name__), name)
        return value
