"""COPY … FROM and TO: rows as text or CSV, in files or streams of the process.

Reads and writes as PostgreSQL does, by lines, so that a file of any size takes a bounded memory.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import InputError, QueryError, SourceNotFoundError, UnsupportedQueryError
from deeplake.sql import assign, defaults, tree
from deeplake.sql.parse import inner
from deeplake.sql.target import Outcome, found_name, wanted
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deeplake.query.result import ResultColumn
    from deeplake.sql.evaluate import Wanted
    from deeplake.sql.target import Target, Writing

    Row = list[str | None]

ROWS_TOGETHER = 2048
"""Rows fitted and staged at a time."""

LINE_CHARS_MAX = 1 << 28
"""A longer record is refused: an open quote would swallow the rest of a file."""


class Format(NamedTuple):
    """How rows are written."""

    csv: bool
    delimiter: str
    null: str
    header: bool
    quote: str
    escape: str


def copy_from(writing: Writing, node: Any, source: Iterable[str]) -> Outcome:
    """COPY table FROM: rows out of lines of text.

    Raises:
        QueryError: 22P04 a row has too many or too few values; and whatever a value is refused for.
    """
    target = writing.target(node.relation)
    format_ = format_of(node)
    want = _columns(target, node)
    if node.HasField("where_clause"):
        raise UnsupportedQueryError("COPY … WHERE is not supported.")
    rows = csv_rows(source, format_) if format_.csv else text_rows(source, format_)
    count = 0
    if format_.header:
        next(rows, None)
    together: list[Row] = []
    for row in rows:
        if len(row) != len(want):
            raise QueryError(
                f"row {count + len(together) + 1} has {len(row)} values, and {len(want)} columns "
                "are copied.",
                hint="Name the columns: COPY t (a, b) FROM ….",
                sqlstate="22P04",
            )
        together.append(row)
        if len(together) == ROWS_TOGETHER:
            count += _stage(target, want, together)
            together = []
    if together:
        count += _stage(target, want, together)
    return Outcome(f"COPY {target.table}", count)


def _columns(target: Target, node: Any) -> list[Wanted]:
    names = [item.string.sval for item in node.attlist] or target.columns.names
    return [wanted(target.columns, found_name(target.columns, name)) for name in names]


def _stage(target: Target, want: Sequence[Wanted], rows: list[Row]) -> int:
    data = {}
    for k, (column, kind) in enumerate(want):
        values = assign.values([row[k] for row in rows], kind, column)
        data[column.name] = column.type.normalise(values, column=column.name)
    target.stage(defaults.complete(target, data, len(rows)), len(rows))
    return len(rows)


def query_of(node: Any) -> Any:
    """The SELECT whose rows COPY … TO writes."""
    if node.HasField("query"):
        kind, query = inner(node.query)
        if kind != "select_stmt":
            raise UnsupportedQueryError("COPY (INSERT, UPDATE, DELETE) is not supported.")
        return query
    relation = node.relation
    item = tree.table(relation.relname, relation.relname)
    item.range_var.schemaname = relation.schemaname
    names = [part.string.sval for part in node.attlist]
    outputs = [tree.target(tree.column(name)) for name in names] or [tree.target(tree.star())]
    return tree.select(outputs, [item])


def lines_of(
    columns: Sequence[ResultColumn], rows: Iterable[Sequence[Any]], node: Any
) -> Iterator[str]:
    """The lines of COPY … TO."""
    format_ = format_of(node)
    if format_.header:
        yield _line([column.label for column in columns], format_)
    for row in rows:
        yield _line([None if value is None else text_of(value) for value in row], format_)


def _line(values: Row, format_: Format) -> str:
    if not format_.csv:
        shown = [format_.null if v is None else _escaped(v, format_.delimiter) for v in values]
        return format_.delimiter.join(shown) + "\n"
    return format_.delimiter.join(_quoted(v, format_, len(values)) for v in values) + "\n"


_ESCAPES = {
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}


def _escaped(text: str, delimiter: str) -> str:
    found = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return found if delimiter == "\t" else found.replace(delimiter, "\\" + delimiter)


def _quoted(text: str | None, format_: Format, columns: int) -> str:
    if text is None:
        return format_.null
    special = (format_.delimiter, format_.quote, "\n", "\r")
    if text == format_.null or any(c in text for c in special) or (columns == 1 and text == "\\."):
        inside = text
        if format_.escape != format_.quote:
            inside = inside.replace(format_.escape, format_.escape * 2)
        inside = inside.replace(format_.quote, format_.escape + format_.quote)
        return f"{format_.quote}{inside}{format_.quote}"
    return text


def text_of(value: Any) -> str:
    """A value as Postgres writes it.

    >>> text_of([1, None, "a b"]), text_of(True), text_of(1.0)
    ('{1,NULL,"a b"}', 't', '1')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").replace("+00:00", "+00")
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1:
        return "[" + ",".join(_float(float(x)) for x in value.tolist()) + "]"
    if isinstance(value, list):
        return "{" + ",".join(_item(each) for each in value) + "}"
    if hasattr(value, "ndim"):
        raise UnsupportedQueryError("tensors are not written by COPY.", hint="Write Parquet.")
    return str(value)


def _float(value: float) -> str:
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[text]
    return text.removesuffix(".0")


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    text = text_of(value)
    if not text or text.upper() == "NULL" or any(c in text for c in '{},"\\ \t\n'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


# --- options --------------------------------------------------------------------------------


def format_of(node: Any) -> Format:
    """The options of a CopyStmt node.

    Raises:
        UnsupportedQueryError: binary, and options that are not known.
        QueryError: 42601, an option that makes no sense.
    """
    found: dict[str, Any] = {}
    for item in node.options:
        option = item.def_elem
        found[option.defname] = _value(option)
    kind = str(found.pop("format", "text")).lower()
    if kind not in ("text", "csv"):
        raise UnsupportedQueryError(f"COPY in format {kind} is not supported.")
    csv = kind == "csv"
    delimiter = found.pop("delimiter", "," if csv else "\t")
    null = found.pop("null", "" if csv else "\\N")
    header = str(found.pop("header", "false")).lower() in ("true", "on", "1", "match")
    quote = found.pop("quote", '"')
    escape = found.pop("escape", quote)
    encoding = str(found.pop("encoding", "utf8")).lower()
    if encoding not in ("utf8", "utf-8"):
        raise UnsupportedQueryError(f"COPY in encoding {encoding} is not supported.")
    if found:
        raise UnsupportedQueryError(f"COPY with option {next(iter(found))} is not supported.")
    for name, mark in (("delimiter", delimiter), ("quote", quote), ("escape", escape)):
        if len(mark) != 1 or mark in "\r\n":
            raise QueryError(f"COPY {name} must be a single character.", sqlstate="22023")
    return Format(csv, delimiter, null, header, quote, escape)


def _value(option: Any) -> str:
    kind, value = inner(option.arg)
    if kind == "string":
        return str(value.sval)
    if kind == "boolean":
        return "true" if value.boolval else "false"
    if kind == "integer":
        return str(value.ival)
    return "true"


# --- reading --------------------------------------------------------------------------------


def lines_in(source: Any) -> Iterator[str]:
    """Lines of a path, of a file of text or bytes, or of an iterable of texts.

    Raises:
        SourceNotFoundError, InputError
    """
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        try:
            with open(source, encoding="utf-8", newline="") as file:
                yield from file
        except (FileNotFoundError, IsADirectoryError) as error:
            raise SourceNotFoundError(f"{source!s} is no file: {error.strerror}.") from error
        return
    if not hasattr(source, "__iter__"):
        raise InputError(f"COPY reads a path, a file or lines, not {type(source).__name__}.")
    for line in source:
        yield line.decode("utf-8") if isinstance(line, bytes | bytearray) else line


def text_rows(lines: Iterable[str], format_: Format) -> Iterator[Row]:
    """Rows of the text format."""
    for line in lines:
        text = line.rstrip("\n").removesuffix("\r")
        if text == "\\.":
            return
        yield [_unescaped(part, format_) for part in _split(text, format_.delimiter)]


def _split(text: str, delimiter: str) -> list[str]:
    if "\\" + delimiter not in text:
        return text.split(delimiter)
    parts, at, start = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == delimiter:
            parts.append(text[start:at])
            at = start = at + 1
        else:
            at += 1
    return [*parts, text[start:]]


_CODES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(text: str, format_: Format) -> str | None:
    if text == format_.null:
        return None
    if "\\" not in text:
        return text
    parts = text.split("\\")
    found = [parts[0]]
    rest = iter(parts[1:])
    for part in rest:
        if not part:  # two in a row: one that is meant, and what follows it as it is
            found += ["\\", next(rest, "")]
        else:
            found += [_CODES.get(part[0], part[0]), part[1:]]
    return "".join(found)


def csv_rows(lines: Iterable[str], format_: Format) -> Iterator[Row]:
    """Rows of CSV: an unquoted text that is that of NULL is NULL."""
    record = ""
    for line in lines:
        record += line
        if len(record) > LINE_CHARS_MAX:
            raise QueryError("a record of CSV is too long: is a quote open?", sqlstate="22P04")
        if _open_quote(record, format_):
            continue
        text = record.rstrip("\n").removesuffix("\r")
        if text == "\\.":
            return
        yield _fields(text, format_)
        record = ""
    if record:
        raise QueryError("unterminated CSV quoted field.", sqlstate="22P04")


def _open_quote(record: str, format_: Format) -> bool:
    """Whether a record goes on in the next line."""
    quote, escape = format_.quote, format_.escape
    if escape == quote:
        return record.count(quote) % 2 == 1
    inside, at = False, 0
    while at < len(record):
        if inside and record[at] == escape and record[at + 1 : at + 2] in (quote, escape):
            at += 1
        elif record[at] == quote:
            inside = not inside
        at += 1
    return inside


def _fields(text: str, format_: Format) -> Row:
    delimiter, quote = format_.delimiter, format_.quote
    if quote not in text:
        return [None if part == format_.null else part for part in text.split(delimiter)]
    found: Row = []
    parts: list[str] = []
    quoted = inside = False
    at = 0
    while at <= len(text):
        letter = text[at : at + 1]
        following = text[at + 1 : at + 2]
        if inside:
            if letter == format_.escape and following in (quote, format_.escape) and following:
                parts.append(following)
                at += 1
            elif letter == quote:
                inside = False
            else:
                parts.append(letter)
        elif letter == quote:
            quoted = inside = True
        elif letter in (delimiter, ""):
            value = "".join(parts)
            found.append(None if not quoted and value == format_.null else value)
            parts, quoted = [], False
        else:
            parts.append(letter)
        at += 1
    return found
