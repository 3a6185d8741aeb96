"""`NamedTuple`: what `typing.NamedTuple` makes, in a third of the time.

Opening a repository and reading a row defines 34 of them. The one of `typing` compiles annotations
for that, 3.4 ms of a cold start of 90; nobody reads those. Type checkers see the one of `typing`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 14):  # there annotations are lazy anyway
    from typing import NamedTuple
else:
    from collections import namedtuple

    _LEFT_OUT = frozenset(("__module__", "__annotations__"))

    class _Maker(type):
        """Turns the body of a class into a named tuple with its methods."""

        def __new__(cls, name, bases, body):  # noqa: ANN001, ANN204
            if not bases:
                return super().__new__(cls, name, bases, body)
            names = list(body.get("__annotations__", ()))
            defaults = [body.pop(field) for field in names if field in body]
            made = namedtuple(  # noqa: PYI024
                name, names, defaults=defaults, module=body["__module__"]
            )
            made.__annotations__ = body.get("__annotations__", {})
            for key, value in body.items():
                if key not in _LEFT_OUT:
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """A base class: `class Point(NamedTuple): x: int; y: int = 0`."""


__all__ = ["NamedTuple"]
