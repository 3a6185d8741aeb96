"""Modules loaded at their first use, in less time. Knows none of them."""

from __future__ import annotations

import os
import sys
from _thread import get_ident

TYPE_CHECKING = False  # as type checkers read it; importing typing costs 8 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

refusal: Callable[[str], Exception] = RuntimeError
"""Makes the error for a module that a fork left half loaded; `errors` puts its own here."""

_resting_for: int | None = None
"""The thread for which the garbage collector rests."""


def load(name: str) -> ModuleType:
    """Import a module, and what it needs, while the garbage collector rests.

    What modules make stays, so collections while they load find nothing and walk everything:
    30 of them, 10 of the 90 ms to a first row, and 13 of 200 to the first rows of the engine.
    Freezing and thawing hands the new objects to the oldest generation without a walk, where they
    would end up; a process that keeps frozen objects of its own (before forking) is left alone.

    >>> load("json").dumps([1])
    '[1]'
    """
    global _resting_for
    known = sys.modules.get(name)
    if known is not None and not _half_loaded(known):
        return known  # of one that another thread is at, the import waits for its end
    import gc
    from importlib import import_module

    collecting = gc.isenabled()
    if collecting:
        _resting_for = get_ident()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if collecting:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
            _resting_for = None


def _half_loaded(module: ModuleType) -> bool:
    return getattr(getattr(module, "__spec__", None), "_initializing", False)


class _CutShort:
    """The lock of a module that nobody will ever have loaded: it refuses instead of waiting."""

    owner = None

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self) -> _CutShort:  # as a weak reference to a lock is
        return self

    def acquire(self) -> bool:
        raise refusal(self._name)


def in_forked_child(work: Callable[[], object]) -> Callable[[], object]:
    """Does something in each child that is forked from now on, where there are forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=work)
    return work


@in_forked_child
def _after_fork_in_child() -> None:
    """Whoever was importing in another thread is not here, and its locks are never released.

    A module that it had begun is refused to whoever would wait for it, for ever; one that it had
    not begun is loaded anew. The locks are CPython's own; where they are not found, all is left.
    """
    global _resting_for
    if _resting_for not in (None, get_ident()):
        import gc

        _resting_for = None
        gc.enable()
    locks: dict[str, Any] = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    for name, found in list(locks.items()):
        lock, module = found(), sys.modules.get(name)
        if lock is not None and lock.owner == get_ident():
            continue  # this thread forks within an import, which goes on
        if module is not None and _half_loaded(module):
            locks[name] = _CutShort(name)
        else:
            del locks[name]


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
