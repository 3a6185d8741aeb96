"""Aggregates and window functions."""

from __future__ import annotations

from deeplake.query.functions.registry import register


def _aggregate(names: str, signature: str, template: str) -> None:
    register(names, signature, template, family="aggregate")


def _window(names: str, signature: str, template: str) -> None:
    register(names, signature, template, family="window")


_aggregate("count", "-> int8", "count(*)")
_aggregate("count", "late -> int8", "count({distinct}{0})")
for _name, _result in (
    ("int2", "int8"),
    ("int4", "int8"),
    ("int8", "numeric"),
    ("numeric", "numeric"),
    ("float4", "float4"),
    ("float8", "float8"),
):
    _spelled = "sum({distinct}{0}{order})"
    _aggregate(
        "sum",
        f"{_name} -> {_result}",
        f"CAST({_spelled} AS BIGINT)" if _result == "int8" else _spelled,
    )
for _name in ("float4", "float8"):
    _aggregate("avg", f"{_name} -> float8", "avg({distinct}{0}{order})")
for _name in ("int2", "int4", "int8", "numeric"):
    _aggregate("avg", f"{_name} -> numeric", "CAST(avg({distinct}{0}{order}) AS DECIMAL(38,16))")
for _name in [
    "int2",
    "int4",
    "int8",
    "numeric",
    "float4",
    "float8",
    "text",
    "date",
    "timestamp",
    "timestamptz",
]:
    for _function in ("min", "max"):
        _aggregate(_function, f"{_name} -> same", f"{_function}({{0}})")
_aggregate("bool_and every", "bool -> bool", "bool_and({0})")
_aggregate("bool_or", "bool -> bool", "bool_or({0})")
_aggregate("string_agg", "text, text -> text", "string_agg({distinct}{0}, {1}{order})")
_aggregate("array_agg", "any -> array", "list({distinct}{0}{order})")

for _function in ("row_number", "rank", "dense_rank"):
    _window(_function, "-> int8", f"{_function}()")
for _function in ("percent_rank", "cume_dist"):
    _window(_function, "-> float8", f"{_function}()")
