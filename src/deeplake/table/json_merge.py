"""Three JSON values merged key by key."""

from __future__ import annotations

from typing import Any

_MISSING = object()


class UnmergeableError(Exception):
    """Both sides changed the same part of a value."""


def merge_json(base: Any, ours: Any, theirs: Any) -> Any:
    """What both sides changed, together: objects by key, everything else as a whole. Where that is
    what one side has, it is that side's value itself.

    Raises:
        UnmergeableError: both changed the same part, each in its own way.

    >>> merge_json({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 1, "c": 3})
    {'a': 2, 'b': 1, 'c': 3}
    """
    found = _merged(base, ours, theirs)
    if found is _MISSING:
        raise UnmergeableError
    return next((side for side in (ours, theirs) if _same(side, found)), found)


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    if _same(ours, theirs) or _same(theirs, base):
        return ours
    if _same(ours, base):
        return theirs
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        raise UnmergeableError
    old = base if isinstance(base, dict) else {}
    found = {}
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        value = _merged(old.get(key, _MISSING), ours.get(key, _MISSING), theirs.get(key, _MISSING))
        if value is not _MISSING:
            found[key] = value
    return found


def _same(a: Any, b: Any) -> bool:
    """Equality that tells 1 from True and from 1.0, and 0.0 from -0.0, as JSON text does."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return repr(a) == repr(b) if isinstance(a, float) else bool(a == b)
