"""Type declarations: the spelling of a type to a `ColumnType`, and types to JSON and back.

The grammar, blanks allowed between its parts:

    type   = word | word '(' item {',' item} ')' | 'emb-' int [':' word] | word '[' axes ']'
           | 'list<' type '>' | 'struct<' name ':' type {',' name ':' type} '>'
    item   = int | name
    axes   = '...' | axis {',' axis}        axis = int | '*'
    name   = letters, digits and '_', or any characters in double quotes ('"' is doubled)

Knows the grammar only: what a word means is in `registry.py`, what its arguments mean in the
type's own file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deeplake import settings
from deeplake.errors import SchemaError
from deeplake.types.base import ColumnType
from deeplake.types.registry import HEADS, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+")
_QUOTED = r'"((?:[^"]|"")*)"'
_SPELLING_CHARS_MAX = 65_536

# Python types that stand for a column type, by name so that nothing is imported for them
_PYTHON = {
    ("builtins", "bool"): "bool",
    ("builtins", "int"): "int64",
    ("builtins", "float"): "float64",
    ("builtins", "str"): "text",
    ("builtins", "bytes"): "blob",
    ("builtins", "dict"): "json",
    ("datetime", "date"): "date",
    ("datetime", "datetime"): "timestamp",
    ("uuid", "UUID"): "uuid",
}


def parse(spec: Any) -> ColumnType:
    """The column type that `spec` declares.

    Args:
        spec: a spelling ('emb-512', 'list<image>'), a `ColumnType`, a Python type (int, str…),
            or a NumPy dtype or scalar type.

    Raises:
        SchemaError: on an unknown name or a spelling that does not parse.

    >>> parse("struct<a: int, b: list<emb-8>>")
    <type struct<a: int64, b: list<emb-8>>>
    >>> parse(float)
    <type float64>
    """
    if isinstance(spec, ColumnType):
        return spec
    if isinstance(spec, str):
        return load(spec).from_spelling(spec, ()) if spec in HEADS else _Parser(spec).whole()
    if isinstance(spec, type):
        if issubclass(spec, ColumnType):
            raise SchemaError(
                f"{spec.__name__} is a class.", hint=f"Call it: deeplake.types.{spec.__name__}(…)."
            )
        known = _PYTHON.get((spec.__module__, spec.__qualname__))
        if known is not None:
            return parse(known)
    return _from_numpy(spec)


def to_json(type_: ColumnType) -> dict[str, Any]:
    """A type as JSON-able values; `from_json` gives an equal type back.

    >>> to_json(parse("emb-8"))
    {'type': 'emb-8', 'metric': 'cosine'}
    """
    return {"type": type_.name, **type_.options()}


def from_json(declared: Mapping[str, Any]) -> ColumnType:
    """The type that `to_json` described.

    Raises:
        SchemaError: if it describes no type of this deeplake.
    """
    options = dict(declared)
    name = options.pop("type", None)
    if not isinstance(name, str):
        raise SchemaError(f"a stored type needs a 'type' name, got {declared!r}.")
    bare = load(name).stored(name) if name in HEADS else _Parser(name, stored=True).whole()
    return bare.with_options(options)


def spelled(name: str) -> str:
    """A name as the grammar reads it: quoted unless it is a word.

    >>> print(spelled("cat"), spelled("big cat"))
    cat "big cat"
    """
    return name if _WORD.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _from_numpy(spec: Any) -> ColumnType:
    import numpy as np

    from deeplake.types.synonyms import of_python

    refused = SchemaError(
        f"{spec!r} declares no column type.",
        hint=of_python(spec)
        or "Use a name such as 'int', 'text' or 'emb-512', or a form of deeplake.types.",
    )
    if spec is None or not (isinstance(spec, np.dtype) or hasattr(spec, "dtype")):
        raise refused  # np.dtype(None) would mean float64
    try:
        dtype = np.dtype(spec)
    except TypeError as error:
        raise refused from error
    base, shape = dtype.subdtype or (dtype, ())
    if shape:
        return load("tensor").from_spelling(base.name, shape)
    if base.kind in "biuf" and base.name in HEADS:
        return parse(base.name)
    plain = {"U": "text", "T": "text", "S": "blob", "M": "timestamp"}.get(base.kind)
    if plain is None:
        raise refused
    return parse("date" if base.str[1:] == "M8[D]" else plain)


class _Parser:
    """A recursive-descent parser over one spelling.

    One that was `stored` may name types that need more than their word: options follow.
    """

    def __init__(self, text: str, *, stored: bool = False) -> None:
        if len(text) > _SPELLING_CHARS_MAX:
            raise SchemaError(f"a type of {len(text):,} characters is too long.")
        self.text, self.at, self.stored = text, 0, stored
        self.head = "", ""
        """The type that is being read, and what follows it."""

    def whole(self) -> ColumnType:
        """The one type that all of the text spells."""
        found = self.type(0)
        if self.skip() < len(self.text):
            raise self.error("nothing more")
        return found

    def type(self, depth: int) -> ColumnType:
        if depth > settings.TYPE_DEPTH_MAX:
            raise SchemaError(f"a type is nested deeper than {settings.TYPE_DEPTH_MAX}.")
        head = self.match(_WORD, "a type name")
        self.head = head, self.text[self.at :]
        if head not in HEADS:
            load(*self.head)  # an unknown word is an unknown type, whatever follows
        if head == "emb":
            return load(head).from_spelling(head, self.embedding())
        if self.take("("):
            items = self.series(self.item, ")")
            return load(head).from_spelling(head, tuple(items))
        if self.take("["):
            axes = (...,) if self.take("...") and self.expect("]") else self.axes()
            return load("tensor").from_spelling(head, tuple(axes))
        if head == "list":
            self.expect("<")
            child = self.type(depth + 1)
            self.expect(">")
            return load(head).from_spelling(head, (child,))
        if head == "struct":
            self.expect("<")
            fields = self.series(lambda: self.field(depth + 1), ">")
            return load(head).from_spelling(head, tuple(fields))
        kind = load(head)
        return kind.stored(head) if self.stored else kind.from_spelling(head, ())

    def embedding(self) -> tuple[Any, ...]:
        self.expect("-")
        length = self.number()
        return (length, self.match(_WORD, "an element type")) if self.take(":") else (length,)

    def axes(self) -> list[int | None]:
        return self.series(lambda: None if self.take("*") else self.number(), "]")

    def item(self) -> int | str:
        digits = _NUMBER.match(self.text, self.skip())
        return self.number() if digits else self.name("a number or name")

    def field(self, depth: int) -> tuple[str, ColumnType]:
        name = self.name("a field name")
        self.expect(":")
        return name, self.type(depth)

    def name(self, wanted: str) -> str:
        self.skip()
        quoted = re.compile(_QUOTED).match(self.text, self.at)  # of structs only
        if not quoted:
            return self.match(_WORD, wanted)
        self.at = quoted.end()
        return quoted[1].replace('""', '"')

    def series(self, one: Callable[[], Any], end: str) -> list[Any]:
        found = [one()]
        while not self.take(end):
            if not self.take(","):
                raise self.error(f"',' or {end!r}")
            found.append(one())
        return found

    def number(self) -> int:
        return int(self.match(_NUMBER, "a number")[:20])

    def match(self, pattern: re.Pattern[str], wanted: str) -> str:
        self.skip()
        found = pattern.match(self.text, self.at)
        if not found:
            raise self.error(wanted)
        self.at = found.end()
        return found[0]

    def take(self, mark: str) -> bool:
        self.skip()
        here = self.text.startswith(mark, self.at)
        self.at += len(mark) if here else 0
        return here

    def expect(self, mark: str) -> bool:
        if not self.take(mark):
            raise self.error(repr(mark))
        return True

    def skip(self) -> int:
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1
        return self.at

    def error(self, wanted: str) -> SchemaError:
        from deeplake.types.synonyms import bracketed

        shown = self.text if len(self.text) <= 60 else self.text[:60] + "…"
        found = repr(self.text[self.at]) if self.at < len(self.text) else "the end"
        return SchemaError(
            f"type {shown!r} does not parse: {wanted} expected at character {self.at}, "
            f"found {found}.",
            hint=bracketed(*self.head)
            or "Examples: 'int', 'emb-512', 'uint8[*,3]', 'list<text>', 'struct<a: int>'.",
        )
