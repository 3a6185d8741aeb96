"""Functions that return rows: each of their columns is a list, unnested side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.functions import registry
from deeplake.query.functions.patterns import matches
from deeplake.query.functions.registry import register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.expression import Expression

_labels: dict[str, list[str]] = {}
"""Function -> labels of its columns; '' is labelled as the function or its alias."""

_LISTS = {
    "string_to_table": "string_to_array",
    "regexp_split_to_table": "regexp_split_to_array",
}
"""Functions whose rows are the elements of what a scalar one returns."""


def _rows(name: str, label: str, signature: str, template: str) -> None:
    """Register a column of a function: `signature` gives the type of its list."""
    if label not in _labels.setdefault(name, []):
        _labels[name].append(label)
    register(_column(name, label), signature, template)


def _column(name: str, label: str) -> str:
    """Under which name the registry has the list of a column."""
    return f"{name}:{label}"


def is_known(name: str) -> bool:
    """Whether a name is one of a function that returns rows."""
    return name in _labels or name in _LISTS or name == "regexp_matches"


def columns(name: str, arguments: Sequence[Expression]) -> list[tuple[str, Expression]]:
    """(label, list) of each column of a call; '' for the label where the function gives none.

    Raises:
        QueryError: 42883, no function of the name takes these kinds.
        NeedEarly: an argument is a late column.
    """
    if name == "regexp_matches":
        return [("", matches(arguments))]
    if name in _LISTS:
        return [("", registry.call(_LISTS[name], arguments))]
    if name == "generate_series" and any(a.kind.name == "numeric" for a in arguments):
        raise UnsupportedQueryError("generate_series of numeric is not supported.")
    try:
        return [(label, registry.call(_column(name, label), arguments)) for label in _labels[name]]
    except QueryError as error:
        if error.sqlstate != "42883":
            raise
        told = error.message.replace(f"{name}:", name)
        raise QueryError(told, hint=error.hint, sqlstate="42883") from error


def scalar_columns(name: str, arguments: Sequence[Expression]) -> Expression:
    """The list of a function with one column.

    Raises:
        UnsupportedQueryError: it has more, and would be a row as a value.
        QueryError, NeedEarly: as `columns` says.
    """
    found = columns(name, arguments)
    if len(found) > 1:
        raise UnsupportedQueryError(f"rows of {name}() as values are not supported.")
    return found[0][1]


SERIES_MAX = 1 << 27
"""Rows of one generate_series: they are a list, 1 GB of it, and no memory limit of the engine
counts lists while they are made."""


def _last(rows: str) -> str:
    """The end of a series, unless it is too long: the engine folds constants from the inside, so
    that it would make the list before it looked at a condition around it.
    """
    return (
        f"CASE WHEN {rows} >= {SERIES_MAX} THEN error('[54000] generate_series() of more than "
        f"{SERIES_MAX:,} rows is not supported') ELSE {{1}} END"
    )


_STEP = "CASE WHEN {2} = {none} THEN error('[22023] step size cannot equal zero') ELSE {2} END"
_SPAN = "CAST({1} AS HUGEINT) - {0}"
for _kind in ("int4", "int8"):
    _one, _made = f"{_kind}, {_kind}", f"-> {_kind}[]"
    _rows("generate_series", "", f"{_one} {_made}",
          f"CAST(generate_series({{0}}, {_last(_SPAN)}) AS {{type}})")  # fmt: skip
    _stop, _step = _last(f"({_SPAN}) // nullif({{2}}, 0)"), _STEP.replace("{none}", "0")
    _rows("generate_series", "", f"{_one}, {_kind} {_made}",
          f"CAST(generate_series({{0}}, {_stop}, {_step}) AS {{type}})")  # fmt: skip
for _kind in ("timestamptz", "timestamp"):
    _stop = _last("(epoch({1}) - epoch({0})) / nullif(epoch({2}), 0)")
    _step = _STEP.replace("{none}", "INTERVAL '0 days'")
    _rows("generate_series", "", f"{_kind}, {_kind}, interval -> {_kind}[]",
          f"generate_series({{0}}, {_stop}, {_step})")  # fmt: skip
_rows("unnest", "", "any[] -> any[]", "{0}")

for _prefix, _family in (("jsonb", "rows"), ("json", "verbatim")):
    _given = "CAST({0} AS VARCHAR)"
    for _name in (f"{_prefix}_each", f"{_prefix}_each_text", f"{_prefix}_object_keys"):
        _key = "" if _name.endswith("keys") else "key"
        _rows(_name, _key, f"{_prefix} -> text[]", f"{_family}__keys({_given}, '{_name}')")
    _each, _items = f"{_prefix}_each", f"{_prefix}_array_elements"
    _rows(
        _each, "value", f"{_prefix} -> {_prefix}[]",
        f"CAST({_family}__members({_given}, '{_each}') AS {{type}})",
    )  # fmt: skip
    _rows(
        f"{_each}_text", "value", f"{_prefix} -> text[]",
        f"{_family}__member_texts({_given}, '{_each}_text')",
    )  # fmt: skip
    _rows(_items, "value", f"{_prefix} -> {_prefix}[]",
          f"CAST({_family}__elements({_given}) AS {{type}})")  # fmt: skip
    _rows(f"{_items}_text", "value", f"{_prefix} -> text[]", f"{_family}__element_texts({_given})")
