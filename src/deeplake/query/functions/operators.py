"""Arithmetic, comparison and logic of plain values."""

from __future__ import annotations

from deeplake.query.functions.registry import register

_COMPARABLE = [
    "bool",
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
    "time",
    "interval",
    "uuid",
    "bytea",
]

for _name in _COMPARABLE:
    for _symbol in ("=", "<>", "<", ">", "<=", ">="):
        register(_symbol, f"{_name}, {_name} -> bool", f"({{0}} {_symbol} {{1}})")
for _symbol in ("=", "<>", "<", ">", "<=", ">="):
    register(_symbol, "any[], any[] -> bool", f"({{0}} {_symbol} {{1}})")

for _name in ("int2", "int4", "int8", "numeric", "float4", "float8"):
    for _symbol in ("+", "-", "*"):
        register(_symbol, f"{_name}, {_name} -> {_name}", f"({{0}} {_symbol} {{1}})")
    register("-", f"{_name} -> {_name}", "(-{0})")
    register("+", f"{_name} -> {_name}", "{0}")

_ZERO = "CASE WHEN {1} = 0 THEN error('[22012] division by zero') ELSE {1} END"
for _name in ("int2", "int4", "int8"):
    register("/", f"{_name}, {_name} -> {_name}", f"({{0}} // {_ZERO})")
for _name in ("float4", "float8"):
    register("/", f"{_name}, {_name} -> {_name}", f"({{0}} / {_ZERO})")
for _name in ("int2", "int4", "int8"):
    register("%", f"{_name}, {_name} -> {_name}", f"({{0}} % {_ZERO})")

register("||", "text, text -> text", "({0} || {1})")
register("~~", "text, text -> bool", "({0} LIKE {1} ESCAPE '\\')")
register("!~~", "text, text -> bool", "({0} NOT LIKE {1} ESCAPE '\\')")
register("~~*", "text, text -> bool", "({0} ILIKE {1} ESCAPE '\\')")
register("!~~*", "text, text -> bool", "({0} NOT ILIKE {1} ESCAPE '\\')")
