"""What a column of a result is called where AS does not say, as Postgres calls it."""

from __future__ import annotations

from typing import Any

from deeplake.sql.parse import enum_name, inner, names

NAMELESS = "?column?"

_FIXED = {
    "coalesce_expr": "coalesce",
    "row_expr": "row",
    "a_array_expr": "array",
    "grouping_func": "grouping",
    "case_expr": "case",
    "xml_expr": "xmlconcat",
}


def label_of(node: Any) -> str:
    """The label of an expression's column."""
    kind, value = inner(node)
    named = _LABELS.get(kind)
    if named is not None:
        label: str = named(value)
        return label
    return _FIXED.get(kind, NAMELESS)


def _of_column(value: Any) -> str:
    fields = [f.string.sval for f in value.fields if inner(f)[0] == "string"]
    return fields[-1] if fields else NAMELESS


def _of_cast(value: Any) -> str:
    label = label_of(value.arg)
    return names(value.type_name.names)[-1] if label == NAMELESS else label


def _of_case(value: Any) -> str:
    if value.HasField("defresult"):
        label = label_of(value.defresult)
        if label != NAMELESS:
            return label
    return "case"


def _of_subquery(value: Any) -> str:
    kind = enum_name(value, "sub_link_type")
    if kind == "EXISTS_SUBLINK":
        return "exists"
    if kind == "ARRAY_SUBLINK":
        return "array"
    if kind == "EXPR_SUBLINK":
        targets = value.subselect.select_stmt.target_list
        if targets:
            target = targets[0].res_target
            return target.name or label_of(target.val)
    return NAMELESS


def _of_operation(value: Any) -> str:
    return "nullif" if enum_name(value, "kind") == "AEXPR_NULLIF" else NAMELESS


def _of_indirection(value: Any) -> str:
    fields = [i.string.sval for i in value.indirection if inner(i)[0] == "string"]
    return fields[-1] if fields else label_of(value.arg)


_LABELS: dict[str, Any] = {
    "column_ref": _of_column,
    "func_call": lambda value: names(value.funcname)[-1],
    "type_cast": _of_cast,
    "case_expr": _of_case,
    "sub_link": _of_subquery,
    "a_expr": _of_operation,
    "a_indirection": _of_indirection,
    "collate_clause": lambda value: label_of(value.arg),
    "min_max_expr": lambda value: enum_name(value, "op")[3:].lower(),
    "sqlvalue_function": lambda value: enum_name(value, "op")[6:].lower(),
}
