"""`NamedTuple`: what `typing.NamedTuple` makes, in a sixth of the time.

Opening a repository and reading a row defines 43 of them. `typing` compiles their annotations,
which nobody reads, and `collections.namedtuple` a constructor for each: 3.4 and 1.8 ms of a cold
start of 80. Here the constructors lie compiled in this module, one for each number of fields, and
only the names of the fields are put into a copy. Type checkers see the one of `typing`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.version_info >= (3, 14):  # there annotations are lazy anyway
    from typing import NamedTuple
else:
    from collections import namedtuple
    from types import FunctionType

    try:
        from _collections import _tuplegetter as _getter
    except ImportError:  # not CPython
        from operator import itemgetter

        def _getter(index, doc):  # noqa: ANN001, ANN202
            return property(itemgetter(index), doc=doc)

    _new = tuple.__new__
    _CONSTRUCTORS = (
        lambda _cls: _new(_cls, ()),
        lambda _cls, a: _new(_cls, (a,)),
        lambda _cls, a, b: _new(_cls, (a, b)),
        lambda _cls, a, b, c: _new(_cls, (a, b, c)),
        lambda _cls, a, b, c, d: _new(_cls, (a, b, c, d)),
        lambda _cls, a, b, c, d, e: _new(_cls, (a, b, c, d, e)),
        lambda _cls, a, b, c, d, e, f: _new(_cls, (a, b, c, d, e, f)),
        lambda _cls, a, b, c, d, e, f, g: _new(_cls, (a, b, c, d, e, f, g)),
        lambda _cls, a, b, c, d, e, f, g, h: _new(_cls, (a, b, c, d, e, f, g, h)),
        lambda _cls, a, b, c, d, e, f, g, h, i: _new(_cls, (a, b, c, d, e, f, g, h, i)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j: _new(_cls, (a, b, c, d, e, f, g, h, i, j)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k, m: _new(
            _cls, (a, b, c, d, e, f, g, h, i, j, k, m)
        ),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k, m, n: _new(
            _cls, (a, b, c, d, e, f, g, h, i, j, k, m, n)
        ),
    )
    _GLOBALS = {"_new": _new, "__builtins__": {}}
    _LEFT_OUT = frozenset(("__module__", "__annotations__"))

    class _Record(tuple):
        """The methods of a named tuple."""

        __slots__ = ()

        @classmethod
        def _make(cls, iterable):  # noqa: ANN001, ANN206
            made = _new(cls, iterable)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changes):  # noqa: ANN003, ANN202
            made = _new(self.__class__, map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return made

        def _asdict(self):  # noqa: ANN202
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):  # noqa: ANN204
            shown = ", ".join(map("{}={!r}".format, self._fields, self))
            return f"{self.__class__.__name__}({shown})"

        def __getnewargs__(self):  # noqa: ANN204
            return tuple(self)

    def _named(name, fields, defaults):  # noqa: ANN001, ANN202
        """The class, its constructor among it; `collections` makes those of many fields."""
        if len(fields) >= len(_CONSTRUCTORS):
            return namedtuple(name, fields, defaults=defaults)  # noqa: PYI024
        code = _CONSTRUCTORS[len(fields)].__code__
        code = code.replace(co_varnames=("_cls", *fields), co_qualname=f"{name}.__new__")
        namespace = {field: _getter(index, "") for index, field in enumerate(fields)}
        namespace["__new__"] = FunctionType(code, _GLOBALS, "__new__", tuple(defaults))
        namespace["__slots__"] = ()
        namespace["__match_args__"] = namespace["_fields"] = fields
        start = len(fields) - len(defaults)
        namespace["_field_defaults"] = dict(zip(fields[start:], defaults, strict=True))
        return type(name, (_Record,), namespace)

    class _Maker(type):
        """Turns the body of a class into a named tuple with its methods."""

        def __new__(cls, name, bases, body):  # noqa: ANN001, ANN204
            if not bases:
                return super().__new__(cls, name, bases, body)
            types = body.get("__annotations__", {})
            defaults = [body.pop(field) for field in types if field in body]
            made = _named(name, tuple(types), defaults)
            made.__module__ = body["__module__"]
            made.__annotations__ = types
            for key, value in body.items():
                if key not in _LEFT_OUT:
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """A base class: `class Point(NamedTuple): x: int; y: int = 0`."""


__all__ = ["NamedTuple"]
