"""Kinds: the types of Postgres that expressions have, and what the engine calls them.

A kind is what the binder knows of a value before it is there. Column types say what is stored;
`kind_of` says as which kind SQL sees a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.types.base import ColumnType


class Labels:
    """The names of a class label's codes, which its texts are."""

    __slots__ = ("_hash", "codes", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.codes = {name: code for code, name in enumerate(names)}
        self._hash = hash(names)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Labels) and self.names == other.names)

    def __repr__(self) -> str:
        return f"Labels({self.names!r})"


class Kind(NamedTuple):
    """A type of SQL.

    `name` is Postgres' internal one (int4, bpchar); an array is `array` of its `element`.
    `modifiers` are those of numeric(p, s), varchar(n), vector(n). A numeric whose digits after the
    point are known has them as modifiers, constants and sums of them too; one without modifiers
    has as many as each value needs. `late` names the sources whose handles stand for the values: a
    wide column that nobody has looked into yet. `labels` are the names of an int4 that is a class
    label: a text beside it is one of them, and its own text is its name.
    """

    name: str
    modifiers: tuple[int, ...] = ()
    element: Kind | None = None
    late: frozenset[int] = frozenset()
    labels: Labels | None = None

    @property
    def plain(self) -> Kind:
        """The kind without modifiers, of a value that is there."""
        return Kind(self.name, (), None if self.element is None else self.element.plain)

    def __str__(self) -> str:
        """As Postgres prints it: 'integer', 'numeric(10,2)', 'text[]'."""
        if self.element is not None:
            return f"{self.element}[]"
        shown = _SHOWN.get(self.name, self.name)
        if not self.modifiers:
            return shown
        head, _, tail = shown.partition(" ")
        inside = ",".join(map(str, self.modifiers[:2]))
        return f"{head}({inside}){' ' + tail if tail else ''}"


BOOL, INT2, INT4, INT8 = Kind("bool"), Kind("int2"), Kind("int4"), Kind("int8")
NUMERIC, FLOAT4, FLOAT8 = Kind("numeric"), Kind("float4"), Kind("float8")
TEXT, VARCHAR, BPCHAR, NAME = Kind("text"), Kind("varchar"), Kind("bpchar"), Kind("name")
UNKNOWN = Kind("unknown")
"""A literal in quotes, NULL, or a parameter of text: takes the kind that its place asks for."""
BYTEA, JSON, JSONB, UUID = Kind("bytea"), Kind("json"), Kind("jsonb"), Kind("uuid")
DATE, TIME = Kind("date"), Kind("time")
TIMESTAMP, TIMESTAMPTZ, INTERVAL = Kind("timestamp"), Kind("timestamptz"), Kind("interval")
VECTOR, HALFVEC, TENSOR = Kind("vector"), Kind("halfvec"), Kind("tensor")
IMAGE, VIDEO, AUDIO = Kind("image"), Kind("video"), Kind("audio")
RECORD, VOID, REGTYPE = Kind("record"), Kind("void"), Kind("regtype")

INTEGERS = frozenset(("int2", "int4", "int8"))
NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")
"""In the order in which one becomes the other by itself."""
TEXTS = frozenset(("text", "varchar", "bpchar", "name"))
MOMENTS = ("date", "timestamp", "timestamptz")
JSONS = frozenset(("json", "jsonb"))
MEDIA = frozenset(("image", "video", "audio"))

_SHOWN = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
}

SPELLINGS: dict[str, Kind] = {
    "bool": BOOL,
    "boolean": BOOL,
    "int": INT4,
    "integer": INT4,
    "int2": INT2,
    "smallint": INT2,
    "int4": INT4,
    "int8": INT8,
    "bigint": INT8,
    "float4": FLOAT4,
    "real": FLOAT4,
    "float8": FLOAT8,
    "float": FLOAT8,
    "double precision": FLOAT8,
    "numeric": NUMERIC,
    "decimal": NUMERIC,
    "text": TEXT,
    "varchar": VARCHAR,
    "character varying": VARCHAR,
    "bpchar": BPCHAR,
    "char": BPCHAR,
    "character": BPCHAR,
    "name": NAME,
    "bytea": BYTEA,
    "blob": BYTEA,
    "json": JSON,
    "jsonb": JSONB,
    "uuid": UUID,
    "date": DATE,
    "time": TIME,
    "timestamp": TIMESTAMP,
    "timestamptz": TIMESTAMPTZ,
    "interval": INTERVAL,
    "vector": VECTOR,
    "halfvec": HALFVEC,
    "tensor": TENSOR,
    "image": IMAGE,
    "video": VIDEO,
    "audio": AUDIO,
    "regtype": REGTYPE,
    "void": VOID,
}
"""How SQL names a kind, in lower case, the schema pg_catalog left out."""

_ENGINE = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "text": "VARCHAR",
    "varchar": "VARCHAR",
    "bpchar": "VARCHAR",
    "name": "VARCHAR",
    "unknown": "VARCHAR",
    "bytea": "BLOB",
    "json": "JSON",
    "jsonb": "JSON",
    "uuid": "UUID",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "interval": "INTERVAL",
    "regtype": "VARCHAR",
    "void": "VARCHAR",
    "vector": "FLOAT[]",
    "halfvec": "FLOAT[]",
    "tensor": "BLOB",
    "image": "BLOB",
    "video": "BLOB",
    "audio": "BLOB",
}
NUMERIC_DIGITS = 38
"""Digits of the longest numeric that the engine has."""
NUMERIC_DEFAULT = (38, 20)
"""Digits of a numeric without modifiers in the engine, which has no unbounded one: a quotient of
Postgres has 16 to 20 digits after the point while it is 0.0001 or more."""


def digits_of(kind: Kind) -> tuple[int, int]:
    """(precision, scale) of a number that is no float, as the engine holds it.

    >>> digits_of(INT4), digits_of(Kind("numeric", (5, 2))), digits_of(NUMERIC)
    ((10, 0), (5, 2), (38, 20))
    """
    if kind.name in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[kind.name], 0
    if not kind.modifiers:
        return NUMERIC_DEFAULT
    precision, scale = (*kind.modifiers, 0)[:2]
    return precision, scale


_INTEGER_DIGITS = {"int2": 5, "int4": 10, "int8": 19}


def numeric_of(whole: int, scale: int, *, varying: bool = False) -> Kind:
    """The numeric with so many digits before and after the point, or as many as there can be.

    Values of a `varying` one have as many digits after the point as each needs in Postgres, and
    are filled up with zeros here: it has no text.
    """
    precision = max(1, min(NUMERIC_DIGITS, whole + scale))
    return Kind("numeric", (precision, scale, 1) if varying else (precision, scale))


def is_varying(kind: Kind) -> bool:
    """Whether a numeric's digits after the point differ from value to value."""
    return kind.name == "numeric" and len(kind.modifiers) != 2


def array_of(kind: Kind) -> Kind:
    """An array of some kind."""
    return Kind("array", (), kind)


def engine_type(kind: Kind) -> str:
    """The engine's name of a kind.

    >>> engine_type(array_of(INT4))
    'INTEGER[]'
    """
    if kind.late:
        return "BIGINT"
    if kind.element is not None:
        return engine_type(kind.element) + "[]"
    if kind.name == "numeric":
        precision, scale = (*kind.modifiers, 0)[:2] if kind.modifiers else NUMERIC_DEFAULT
        return f"DECIMAL({precision},{scale})"
    return _ENGINE[kind.name]


def kind_of(type_: ColumnType) -> Kind:
    """As which kind SQL sees a column of a type.

    >>> from deeplake.types.declare import parse
    >>> str(kind_of(parse("decimal(10,2)"))), str(kind_of(parse("list<int>")))
    ('numeric(10,2)', 'bigint[]')
    """
    name = type_.name
    found = _COLUMNS.get(name)
    if found is not None:
        return found
    given: Any = type_
    if name == "class_label":
        return INT4._replace(labels=Labels(given.names)) if given.names else INT4
    if name.startswith("decimal"):
        return Kind("numeric", (given.precision, given.scale))
    if name.startswith("emb-"):
        half = name.endswith("float16")
        return Kind("halfvec" if half else "vector", (given.n,))
    if name.startswith("list<"):
        return array_of(kind_of(given.child))
    if name.startswith("struct<"):
        return JSONB
    return TENSOR


_COLUMNS = {
    "bool": BOOL,
    "int8": INT2,
    "uint8": INT2,
    "int16": INT2,
    "uint16": INT4,
    "int32": INT4,
    "uint32": INT8,
    "int64": INT8,
    "uint64": Kind("numeric", (20, 0)),
    "float16": FLOAT4,
    "float32": FLOAT4,
    "float64": FLOAT8,
    "text": TEXT,
    "json": JSONB,
    "blob": BYTEA,
    "uuid": UUID,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamptz": TIMESTAMPTZ,
    "image": IMAGE,
    "video": VIDEO,
    "audio": AUDIO,
}

NARROW = frozenset(_ENGINE) - {"bytea", "vector", "halfvec", "tensor", "image", "video", "audio"}
"""Kinds whose values the engine gets; those of others stay behind until they are asked for."""
