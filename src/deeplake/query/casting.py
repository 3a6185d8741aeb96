"""Which casts there are, and how the engine spells each so that it does what Postgres does.

Where the engine is laxer (it reads '1.5' as the integer 2) or rounds otherwise, the spelling says
what is meant; values that a text does not hold raise with the SQLSTATE of Postgres.
"""

from __future__ import annotations

from deeplake.query.kinds import (
    INTEGERS,
    NUMBERS,
    NUMERIC_DIGITS,
    TEXTS,
    Kind,
    digits_of,
    engine_type,
    is_varying,
)

_NUMBERS = frozenset(NUMBERS)


def spelling(given: Kind, kind: Kind) -> str | None:
    """The engine's spelling of an explicit cast, None if there is none."""
    if kind.name in TEXTS:
        text = _text(given)
        return None if text is None else _cut(text, kind)
    if given.name in TEXTS or given.name == "unknown":
        return _read(kind)
    if given.element is not None:
        return _from_array(given, kind)
    if given.name in _NUMBERS and kind.name in _NUMBERS:
        return _number(given, kind)
    if given.name in ("json", "jsonb"):
        return _from_json(given, kind)
    if kind.element is not None:
        passed = given.name in ("vector", "halfvec") and kind.element.name == "float4"
        return "{0}" if passed else None
    found = _PAIRS.get((given.name, kind.name))
    return None if found is None else _sized(found.replace("{type}", engine_type(kind)), kind)


_CAST = "CAST({0} AS {type})"
_PAIRS = {
    ("bool", "int4"): _CAST,
    ("int4", "bool"): "({0} <> 0)",
    ("date", "timestamp"): _CAST,
    ("date", "timestamptz"): _CAST,
    ("timestamp", "date"): _CAST,
    ("timestamp", "timestamptz"): _CAST,
    ("timestamptz", "date"): _CAST,
    ("timestamptz", "timestamp"): _CAST,
    ("timestamp", "time"): "CASE WHEN isfinite({0}) THEN CAST({0} AS TIME) END",
    (
        "timestamptz",
        "time",
    ): "CASE WHEN isfinite({0}) THEN CAST(CAST({0} AS TIMESTAMP) AS TIME) END",
    ("time", "interval"): "to_microseconds(date_diff('microsecond', TIME '00:00:00', {0}))",
    ("interval", "time"): "(TIME '00:00:00' + {0})",
    ("image", "bytea"): "{0}",
    ("video", "bytea"): "{0}",
    ("audio", "bytea"): "{0}",
    ("vector", "vector"): "vectors__sized({0}, {size})",
    ("halfvec", "halfvec"): "vectors__sized({0}, {size})",
    ("halfvec", "vector"): "vectors__sized({0}, {size})",
    ("vector", "halfvec"): "vectors__half({0}, {size})",
}


def _sized(template: str | None, kind: Kind) -> str | None:
    if template is None:
        return None
    return template.replace("{size}", str(kind.modifiers[0] if kind.modifiers else 0))


def _number(given: Kind, kind: Kind) -> str | None:
    type_ = engine_type(kind)
    floats = ("float4", "float8")
    if kind.name in INTEGERS and given.name in floats:
        return f"CAST(round_even({{0}}, 0) AS {type_})"
    if kind.name == "numeric":
        if not kind.modifiers and given.name in INTEGERS:
            return f"CAST({{0}} AS DECIMAL({digits_of(given)[0]},0))"
        if given.name in floats:
            digits = 6 if given.name == "float4" else 15
            return f"CAST(numbers__digits(CAST({{0}} AS DOUBLE), {digits}) AS {type_})"
    if kind.name == "float4" and given.name == "float8":
        return (
            "CASE WHEN {0} <> 0 AND abs({0}) < 7.006492321624085e-46 THEN "
            "error('[22003] value out of range: underflow') ELSE CAST({0} AS FLOAT) END"
        )
    return f"CAST({{0}} AS {type_})"


def _cut(text: str, kind: Kind) -> str:
    if not kind.modifiers:
        return text
    count = kind.modifiers[0]
    text = f"left({text}, {count})"
    return f"rpad({text}, {count}, ' ')" if kind.name == "bpchar" else text


def _text(given: Kind) -> str | None:
    """A value as Postgres prints it."""
    if given.element is not None:
        inside = _text(given.element)
        if inside is None:
            return None
        if given.element.name == "bool":
            inside = "CASE WHEN {0} THEN 't' WHEN NOT {0} THEN 'f' END"
        return f"texts__array(list_transform({{0}}, lambda e: {inside.replace('{0}', 'e')}))"
    if given.name == "bpchar":
        return "rtrim({0}, ' ')"
    if is_varying(given):
        return (
            "CAST(error('[0A000] the text of a numeric needs a scale: numeric(p, s)') AS VARCHAR)"
        )
    if given.name == "numeric":
        precision, scale = digits_of(given)
        if precision == scale < NUMERIC_DIGITS:  # the engine would print .5
            return f"CAST(CAST({{0}} AS DECIMAL({precision + 1},{scale})) AS VARCHAR)"
    return _TEXTS.get(given.name)


_PLAIN = "CAST({0} AS VARCHAR)"
_ERA = "regexp_replace(CAST({0} AS VARCHAR), '^(\\S+) \\(BC\\)(.*)$', '\\1\\2 BC')"
_MOMENT = f"CASE WHEN {{0}} < '0001-01-01' THEN {_ERA} ELSE {_PLAIN} END"
_TEXTS = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "uuid", "time"), _PLAIN),
    **dict.fromkeys(("text", "varchar", "name", "unknown", "regtype"), "{0}"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), _MOMENT),
    "bool": "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    "float8": "numbers__text8({0})",
    "float4": "numbers__text4({0})",
    "bytea": "('\\x' || lower(hex({0})))",
    "interval": "intervals__text({0})",
    "json": _PLAIN,
    "jsonb": "json__text(CAST({0} AS VARCHAR))",
    "vector": "vectors__text({0})",
    "halfvec": "vectors__text({0})",
}


def _guarded(pattern: str, made: str, kind: Kind) -> str:
    """A cast of a text that matches a pattern, else 22P02."""
    name = str(kind.plain)
    return (
        f"CASE WHEN {{0}} IS NULL OR regexp_full_match({{0}}, '{pattern}') THEN {made} ELSE "
        f"error('[22P02] invalid input syntax for type {name}: \"' || {{0}} || '\"') END"
    )


_SPACE = "[ \\t\\n\\r\\v\\f]*"
_INTEGER = f"{_SPACE}[+-]?[0-9]+{_SPACE}"
_DECIMAL = f"{_SPACE}[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?{_SPACE}"
_FLOAT = _DECIMAL[: -len(_SPACE)] + f"{_SPACE}|{_SPACE}(?i:nan|[+-]?inf(inity)?){_SPACE}"
_NO_NUMBER = f"{_SPACE}(?i:[+-]?(nan|inf(inity)?)){_SPACE}"
_UUID = "[{{]?[0-9a-fA-F]{{4}}(-?[0-9a-fA-F]{{4}}){{7}}[}}]?"


def _read(kind: Kind) -> str | None:
    """The spelling that reads a text as a kind."""
    name, type_ = kind.name, engine_type(kind)
    if name in INTEGERS:
        return _guarded(_INTEGER, f"CAST(trim({{0}}, ' \t\n\r') AS {type_})", kind)
    if name in ("float4", "float8"):
        return f"CAST(numbers__read{'4' if name == 'float4' else ''}({{0}}) AS {type_})"
    if name == "numeric":
        made = _guarded(_DECIMAL, f"CAST(numbers__plain({{0}}) AS {type_})", kind)
        return (
            f"CASE WHEN regexp_full_match({{0}}, '{_NO_NUMBER}') THEN error('[0A000] NaN and "
            f"infinity as numeric are not supported') ELSE {made} END"
        )
    if name == "uuid":
        made = "CAST(replace(replace(replace({0}, '-', ''), '{{', ''), '}}', '') AS UUID)"
        return _guarded(_UUID, made, kind)
    if kind.element is not None:
        inside = _read(kind.element) if kind.element.name not in TEXTS else "{0}"
        if inside is None:
            return None
        return f"list_transform(texts__items({{0}}), lambda e: {inside.replace('{0}', 'e')})"
    return _sized(_READ.get(name), kind)


_READ = {
    "bool": (
        "CASE WHEN {0} IS NULL THEN NULL WHEN regexp_full_match({0}, '(?i)\\s*(t|tr|tru|true|y|ye|"
        "yes|on|1)\\s*') THEN true WHEN regexp_full_match({0}, '(?i)\\s*(f|fa|fal|fals|false|n|no|"
        "of|off|0)\\s*') THEN false ELSE error('[22P02] invalid input syntax for type boolean: "
        "\"' || {0} || '\"') END"
    ),
    "date": "moments__read_date({0})",
    "timestamp": "moments__read_timestamp({0})",
    "timestamptz": "make_timestamptz(moments__read_instant({0}))",
    "time": "moments__read_time({0})",
    "interval": "intervals__read({0})",
    "bytea": "texts__bytes({0})",
    "json": "CAST(json__checked({0}) AS JSON)",
    "jsonb": "CAST(json__text({0}) AS JSON)",
    "vector": "vectors__read({0}, {size})",
    "halfvec": "vectors__half(vectors__read({0}, {size}), {size})",
    "regtype": None,
}


def _from_array(given: Kind, kind: Kind) -> str | None:
    assert given.element is not None
    if kind.element is not None:
        inside = "{0}" if given.element == kind.element else spelling(given.element, kind.element)
        if inside is None:
            return None
        made = "{0}"
        if inside != "{0}":
            made = f"list_transform({{0}}, lambda e: {inside.replace('{0}', 'e')})"
        return f"CAST({made} AS {engine_type(kind)})"
    if kind.name in ("vector", "halfvec") and given.element.name in _NUMBERS:
        made = "vectors__narrowed(CAST({0} AS DOUBLE[]), {size})"
        if kind.name == "halfvec":
            made = f"vectors__half({made}, {{size}})"
        return _sized(made, kind)
    return None


def _from_json(given: Kind, kind: Kind) -> str | None:
    if kind.name in ("json", "jsonb"):
        return "CAST(json__text(CAST({0} AS VARCHAR)) AS JSON)" if kind.name == "jsonb" else "{0}"
    if given.name != "jsonb":
        return None
    if kind.name == "bool":
        return "json__boolean(CAST({0} AS VARCHAR))"
    if kind.name in _NUMBERS:
        text = f"json__number(CAST({{0}} AS VARCHAR), '{kind.plain}')"
        if kind.name in INTEGERS:
            return f"CAST(CAST({text} AS DECIMAL(38,10)) AS {engine_type(kind)})"
        return f"CAST({text} AS {engine_type(kind)})"
    return None
