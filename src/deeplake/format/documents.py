"""JSON read: the headers of slots, schemas, sealed objects.

`json.loads` in a twelfth of the time to load: the package compiles six regular expressions and an
encoder for 1.2 ms of a process's way to its first row, where nothing but its scanner in C is
needed. Without that scanner (another interpreter) `json.loads` reads.
"""

from __future__ import annotations

from typing import Any

_BLANKS = " \t\n\r"


class _Plain:
    """What `json.loads` asks of the scanner where it is given no options."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> float:
        return float(name.lower())


_scan: Any
try:
    from _json import make_scanner

    _scan = make_scanner(_Plain())  # type: ignore[arg-type]
except (ImportError, AttributeError):  # not CPython, or one that asks for more
    from json import JSONDecoder

    _scan = JSONDecoder().scan_once  # type: ignore[attr-defined]


def parse(text: bytes | memoryview) -> Any:
    """The value that a document in UTF-8 holds, as `json.loads` finds it.

    Raises:
        ValueError: it is not one JSON value in UTF-8.
        RecursionError: it is nested too deeply.

    >>> parse(b' {"a": [1, 2.5, null]} ')
    {'a': [1, 2.5, None]}
    """
    document = str(text, "utf-8").strip(_BLANKS)
    try:
        found, end = _scan(document, 0)
    except StopIteration as stop:
        raise ValueError(f"a value is missing at character {stop.value}") from None
    if end != len(document):
        raise ValueError(f"more than one value: the first ends at character {end}")
    return found
