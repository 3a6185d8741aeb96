"""What a column of a result is called where AS does not say, as Postgres calls it."""

from __future__ import annotations

from typing import Any

from deeplake.sql.parse import enum_name, inner, names

NAMELESS = "?column?"


def label_of(node: Any) -> str:
    """The label of an expression's column."""
    return _figured(node)[1] or NAMELESS


def _figured(node: Any) -> tuple[int, str]:
    """(strength, label): 2 for a name, 1 for one that only a cast or CASE gives, 0 for none."""
    kind, value = inner(node)
    if kind in _FIXED:
        return 2, _FIXED[kind]
    figure = _FIGURES.get(kind)
    if figure is None:
        return 0, ""
    found = figure(value)
    return found if isinstance(found, tuple) else (2 if found else 0, found)


def _of_column(value: Any) -> str:
    fields = [f.string.sval for f in value.fields if f.HasField("string")]
    return fields[-1] if fields else ""


def _of_cast(value: Any) -> tuple[int, str]:
    strength, label = _figured(value.arg)
    return (strength, label) if strength > 1 else (1, names(value.type_name.names)[-1])


def _of_case(value: Any) -> tuple[int, str]:
    strength, label = _figured(value.defresult) if value.HasField("defresult") else (0, "")
    return (strength, label) if strength > 1 else (1, "case")


def _of_subquery(value: Any) -> str:
    kind = enum_name(value, "sub_link_type")
    if kind == "EXISTS_SUBLINK":
        return "exists"
    if kind == "ARRAY_SUBLINK":
        return "array"
    if kind != "EXPR_SUBLINK":
        return ""
    query = value.subselect.select_stmt
    while query.HasField("larg"):
        query = query.larg
    if query.values_lists:
        return "column1"
    target = query.target_list[0].res_target
    return str(target.name or _figured(target.val)[1])


def _of_operation(value: Any) -> str:
    return "nullif" if enum_name(value, "kind") == "AEXPR_NULLIF" else ""


def _of_indirection(value: Any) -> tuple[int, str]:
    fields = [i.string.sval for i in value.indirection if inner(i)[0] == "string"]
    return (2, fields[-1]) if fields else _figured(value.arg)


_FIXED = {
    "coalesce_expr": "coalesce",
    "row_expr": "row",
    "a_array_expr": "array",
    "grouping_func": "grouping",
    "xml_expr": "xmlconcat",
}
_FIGURES: dict[str, Any] = {
    "column_ref": _of_column,
    "func_call": lambda value: names(value.funcname)[-1],
    "type_cast": _of_cast,
    "case_expr": _of_case,
    "sub_link": _of_subquery,
    "a_expr": _of_operation,
    "a_indirection": _of_indirection,
    "collate_clause": lambda value: _figured(value.arg),
    "min_max_expr": lambda value: enum_name(value, "op")[3:].lower(),
    "sqlvalue_function": lambda value: enum_name(value, "op")[6:].lower().removesuffix("_n"),
}
