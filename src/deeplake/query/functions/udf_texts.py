"""Texts: what the engine has not, or answers otherwise than Postgres."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, AnyStr

from deeplake.query.functions.udf import Family, failure
from deeplake.query.kinds import TEXT
from deeplake.query.literals import array_items, bytes_of

FAMILY = Family()
FAMILY.rows("bytes", "VARCHAR -> BLOB")(bytes_of)

_BARE = re.compile(r'[^\s{}",\\]+')


@FAMILY.rows("array", "VARCHAR[] -> VARCHAR")
def array(items: list[str | None]) -> str:
    """An array of texts as Postgres prints it.

    >>> array(["a", None, "b c", "", "null"])
    '{a,NULL,"b c","","null"}'
    """
    return "{" + ",".join(map(_item, items)) + "}"


def _item(item: str | None) -> str:
    if item is None:
        return "NULL"
    if _BARE.fullmatch(item) and item.upper() != "NULL":
        return item
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@FAMILY.rows("items", "VARCHAR -> VARCHAR[]")
def items(text: str) -> list[str | None]:
    """The items of an array literal."""
    return array_items(text, TEXT)


_WORD = re.compile(r"[^\W_]+")


@FAMILY.rows("initcap", "VARCHAR -> VARCHAR")
def initcap(text: str) -> str:
    """The first letter of each word in upper case, the others in lower case."""
    return _WORD.sub(lambda match: _upper(match[0][0]) + _lower(match[0][1:]), text)


def _upper(text: str) -> str:
    """Letter by letter: what becomes two letters stays."""
    return "".join(u if len(u := c.upper()) == 1 else c for c in text)


def _lower(text: str) -> str:
    return "".join(u if len(u := c.lower()) == 1 else "i" if c == "İ" else c for c in text)


FAMILY.rows("upper", "VARCHAR -> VARCHAR")(_upper)
FAMILY.rows("lower", "VARCHAR -> VARCHAR")(_lower)

LENGTH_MAX = 1 << 28
"""Of a text that lpad, rpad or repeat make."""


@FAMILY.rows("lpad", "VARCHAR, INTEGER, VARCHAR -> VARCHAR")
def lpad(text: str, length: int, fill: str) -> str:
    """Filled on the left up to a length, or cut on the right."""
    return _fill(text, length, fill) + text[: max(0, length)]


@FAMILY.rows("rpad", "VARCHAR, INTEGER, VARCHAR -> VARCHAR")
def rpad(text: str, length: int, fill: str) -> str:
    """Filled on the right up to a length, or cut."""
    return text[: max(0, length)] + _fill(text, length, fill)


def _fill(text: str, length: int, fill: str) -> str:
    missing = length - len(text)
    if missing <= 0 or not fill:
        return ""
    if length > LENGTH_MAX:
        raise failure("54000", "requested length too large")
    return (fill * (missing // len(fill) + 1))[:missing]


@FAMILY.rows("chr", "INTEGER -> VARCHAR")
def chr_(code: int) -> str:
    """The character of a code point."""
    if code == 0:
        raise failure("54000", "null character not permitted")
    if code < 0:
        raise failure("22023", "character number must be positive")
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise failure("54000", f"requested character not valid for encoding: {code}")
    return chr(code)


@FAMILY.rows("encode", "BLOB, VARCHAR -> VARCHAR")
def encode(value: bytes, how: str) -> str:
    """Bytes as hex, base64 (in lines of 76) or escape."""
    how = how.lower()
    if how == "hex":
        return value.hex()
    if how == "base64":
        word = base64.b64encode(value).decode()
        return "\n".join(word[k : k + 76] for k in range(0, len(word), 76))
    if how == "escape":
        return "".join(
            "\\\\" if b == 92 else chr(b) if 0 < b < 128 else f"\\{b:03o}" for b in value
        )
    raise failure("22023", f'unrecognized encoding: "{how}"')


@FAMILY.rows("decode", "VARCHAR, VARCHAR -> BLOB")
def decode(text: str, how: str) -> bytes:
    """The reverse of encode."""
    how = how.lower()
    if how == "hex":
        return bytes_of("\\x" + text)
    if how == "escape":
        return bytes_of(text if not text.startswith("\\x") else "\\" + text)
    if how == "base64":
        word = re.sub(r"\s", "", text)
        try:
            return base64.b64decode(word, validate=True)
        except binascii.Error:
            raise failure("22023", "invalid base64 end sequence or symbol") from None
    raise failure("22023", f'unrecognized encoding: "{how}"')


@FAMILY.rows("utf8", "BLOB, VARCHAR -> VARCHAR")
def utf8(value: bytes, encoding: str) -> str:
    """convert_from."""
    codec = _CODECS.get(encoding.lower().replace("-", "").replace("_", ""))
    if codec is None:
        raise failure("22023", f'invalid source encoding name "{encoding}"')
    try:
        made = value.decode(codec)
    except UnicodeDecodeError:
        raise failure("22021", f"invalid byte sequence for encoding {encoding!r}") from None
    if "\0" in made:
        raise failure("22021", "invalid byte sequence: 0x00")
    return made


_CODECS = {"utf8": "utf-8", "unicode": "utf-8", "latin1": "latin-1", "sqlascii": "utf-8"}

_FORMAT = re.compile(r"%(?:(\d+)\$)?(-?)(\d+|\*(?:(\d+)\$)?)?(.)?", re.DOTALL)
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_$]*")


@FAMILY.rows("format", "VARCHAR, VARCHAR[] -> VARCHAR", nulls=True)
def format_(form: str | None, items_: list[str | None]) -> str | None:
    """format(): %s, %I, %L with positions and widths."""
    if form is None:
        return None
    parts: list[str] = []
    at, used = 0, 0
    for match in _FORMAT.finditer(form):
        parts.append(form[at : match.start()])
        at = match.end()
        position, minus, width, width_position, kind = match.groups()
        if kind is None:
            raise failure("22023", "unterminated format() type specifier")
        if kind == "%":
            parts.append("%")
            continue
        if kind not in "sIL":
            raise failure("22023", f'unrecognized format() type specifier "{kind}"')
        size = 0
        if width is not None and width.startswith("*"):
            used = int(width_position) if width_position else used + 1
            size = int(_argument(items_, used) or 0)
        elif width:
            size = int(width)
        if position == "0":
            raise failure("22023", "format specifies argument 0, but arguments are numbered from 1")
        used = int(position) if position else used + 1
        made = _formatted(kind, _argument(items_, used))
        left = bool(minus) or size < 0
        parts.append(made.ljust(abs(size)) if left else made.rjust(abs(size)))
    parts.append(form[at:])
    return "".join(parts)


def _argument(items_: list[str | None], number: int) -> str | None:
    if number > len(items_):
        raise failure("22023", "too few arguments for format()")
    return items_[number - 1]


def _formatted(kind: str, value: str | None) -> str:
    if kind == "s":
        return value or ""
    if kind == "L":
        return "NULL" if value is None else quote_literal(value)
    if value is None:
        raise failure("22004", "null values cannot be formatted as an SQL identifier")
    return quote_ident(value)


@FAMILY.rows("quote_ident", "VARCHAR -> VARCHAR")
def quote_ident(text: str) -> str:
    """A name, in quotes where it needs them."""
    if _IDENTIFIER.fullmatch(text) and text not in _RESERVED:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


@FAMILY.rows("quote_literal", "VARCHAR -> VARCHAR")
def quote_literal(text: str) -> str:
    """A text literal."""
    word = text.replace("'", "''")
    if "\\" in word:
        doubled = word.replace("\\", "\\\\")
        return f"E'{doubled}'"
    return f"'{word}'"


_RESERVED = frozenset((
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
    "authorization", "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast",
    "char", "character", "check", "coalesce", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists",
    "extract", "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant",
    "greatest", "group", "grouping", "having", "ilike", "in", "initially", "inner", "inout",
    "int", "integer", "intersect", "interval", "into", "is", "isnull", "join", "lateral",
    "leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "national",
    "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric",
    "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing",
    "position", "precision", "primary", "real", "references", "returning", "right", "row",
    "select", "session_user", "setof", "similar", "smallint", "some", "substring", "symmetric",
    "table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat", "trim",
    "true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose",
    "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
))  # fmt: skip


@FAMILY.rows("to_array", "VARCHAR, VARCHAR, VARCHAR -> VARCHAR[]", nulls=True)
def to_array(text: str | None, by: str | None, null: str | None) -> Any:
    """string_to_array: NULL as separator gives characters, '' the whole text."""
    if text is None:
        return None
    if not text:
        return []
    found = list(text) if by is None else text.split(by) if by else [text]
    return found if null is None else [None if item == null else item for item in found]


@FAMILY.rows("from_array", "VARCHAR[], VARCHAR, VARCHAR -> VARCHAR", nulls=True)
def from_array(items_: list[str | None] | None, by: str | None, null: str | None) -> str | None:
    """array_to_string: NULLs left out, or written as a text."""
    if items_ is None or by is None:
        return None
    return by.join(
        item if item is not None else null or ""
        for item in items_
        if item is not None or null is not None
    )


@FAMILY.rows("split_part", "VARCHAR, VARCHAR, INTEGER -> VARCHAR")
def split_part(text: str, by: str, number: int) -> str:
    """The part of a number, from the end where it is negative."""
    if number == 0:
        raise failure("22023", "field position must not be zero")
    if not text:
        return ""
    parts = text.split(by) if by else [text]
    at = number - 1 if number > 0 else len(parts) + number
    return parts[at] if 0 <= at < len(parts) else ""


@FAMILY.rows("overlay", "VARCHAR, VARCHAR, INTEGER, INTEGER -> VARCHAR")
def overlay(text: str, other: str, start: int, count: int) -> str:
    """A part replaced by another text."""
    if start <= 0:
        raise failure("22011", "negative substring length not allowed")
    return text[: start - 1] + other + text[max(0, start - 1 + count) :]


@FAMILY.rows("substring", "VARCHAR, INTEGER, INTEGER -> VARCHAR")
def substring(text: str, start: int, count: int) -> str:
    """So many characters from a place that may lie before the text."""
    if count < 0:
        raise failure("22011", "negative substring length not allowed")
    return text[max(0, start - 1) : max(0, start - 1 + count)]


@FAMILY.rows("byte_substring", "BLOB, INTEGER, INTEGER -> BLOB")
def byte_substring(value: bytes, start: int, count: int) -> bytes:
    """The same of bytes."""
    if count < 0:
        raise failure("22011", "negative substring length not allowed")
    return value[max(0, start - 1) : max(0, start - 1 + count)]


@FAMILY.rows("repeat", "VARCHAR, INTEGER -> VARCHAR")
def repeat(text: str, count: int) -> str:
    """A text so many times."""
    if count * len(text) > LENGTH_MAX:
        raise failure("54000", "requested length too large")
    return text * max(0, count)


@FAMILY.rows("byte", "BLOB, INTEGER -> INTEGER")
def byte(value: bytes, at: int) -> int:
    """get_byte."""
    if not 0 <= at < len(value):
        raise failure("2202E", f"index {at} out of valid range, 0..{len(value) - 1}")
    return value[at]


@FAMILY.rows("byte_position", "BLOB, BLOB -> INTEGER")
def byte_position(value: bytes, part: bytes) -> int:
    """position() of bytes in others, from 1; 0 if they are not there."""
    return value.find(part) + 1


@FAMILY.rows("byte_strip", "BLOB, BLOB, VARCHAR -> BLOB")
@FAMILY.rows("strip", "VARCHAR, VARCHAR, VARCHAR -> VARCHAR")
def strip(text: AnyStr, characters: AnyStr, side: str) -> AnyStr:
    """trim() of some characters, or bytes."""
    if not characters:
        return text
    if side == "both":
        return text.strip(characters)
    return text.lstrip(characters) if side == "left" else text.rstrip(characters)
