"""Constraints as they are declared: CHECK, REFERENCES, UNIQUE over several columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    CheckViolationError,
    QueryError,
    TableNotFoundError,
    UnsupportedQueryError,
)
from deeplake.query.declared_kind import kind_of_column
from deeplake.sql import declared
from deeplake.sql.parse import deparsed, enum_name, names
from deeplake.sql.target import found_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.sql.define import Defining
    from deeplake.sql.target import Target, Writing
    from deeplake.table.columns import Key

_DONE = frozenset(
    ("CONSTR_PRIMARY", "CONSTR_NOTNULL", "CONSTR_NULL", "CONSTR_DEFAULT", "CONSTR_IDENTITY")
)
"""What the columns of a new table have had with their declaration."""


def add_constraint(
    writing: Writing, defining: Defining, target: Target, node: Any, column: Sequence[str] | None
) -> None:
    """Keep a Constraint node of a table, or of one of its columns.

    Raises:
        QueryError, UnsupportedQueryError
    """
    from deeplake.sql.define import keep

    kind = enum_name(node, "contype")
    if kind in _DONE:
        return
    if node.deferrable or node.initdeferred:
        raise UnsupportedQueryError("DEFERRABLE constraints are not supported.")
    if kind == "CONSTR_CHECK":
        made = _check(target, node)
        first = next(iter(made["names"]), "")
        plain = f"{first}_check" if first and len(made["names"]) == 1 else "check"
    elif kind == "CONSTR_FOREIGN":
        made = _references(defining, target, node, column)
        plain = f"{declared.name_of(target.columns, made['columns'][0])}_fkey"
    elif kind == "CONSTR_UNIQUE":
        keys = [key.string.sval for key in node.keys]
        if len(keys) < 2:
            return
        ids = [target.columns.get(found_name(target.columns, key)).column_id for key in keys]
        made, plain = {"unique": ids}, "_".join([*keys, "key"])
    else:
        raise UnsupportedQueryError(f"{kind.removeprefix('CONSTR_')} is not supported.")
    name = node.conname or _free(target, f"{target.table}_{plain}")
    if name in target.columns.schema.sql.get("constraints", {}):
        raise QueryError(
            f'constraint "{name}" for relation "{target.table}" already exists.', sqlstate="42710"
        )
    keep(target, lambda schema: declared.with_constraint(schema, name, made))
    if kind == "CONSTR_FOREIGN":
        _note(defining, target, made["references"])
    del writing


def _free(target: Target, name: str) -> str:
    taken = target.columns.schema.sql.get("constraints", {})
    number, found = 0, name
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def _check(target: Target, node: Any) -> dict[str, Any]:
    """A CHECK, tried on rows that are there.

    Raises:
        QueryError: 42804 it is no condition, 42703; CheckViolationError: a row breaks it.
    """
    from deeplake.sql.checks import evaluated, references

    found: dict[str, int] = {}
    for reference in references(node.raw_expr):
        parts = names(reference.fields)
        column = target.columns.get(found_name(target.columns, parts[-1]))
        found[parts[-1]] = column.column_id
    if "sub_link" in str(node.raw_expr):
        raise UnsupportedQueryError("a subquery in CHECK is not supported.")
    (values,) = evaluated([node.raw_expr], target.view())
    if False in values:
        raise CheckViolationError(
            f'check constraint "{node.conname or "check"}" of relation "{target.table}" is '
            f"violated by row {values.index(False)}."
        )
    return {"check": deparsed(node.raw_expr), "names": found}


def _references(
    defining: Defining, target: Target, node: Any, column: Sequence[str] | None
) -> dict[str, Any]:
    from deeplake.sql.define import full_name

    name = full_name(node.pktable)
    if not defining.exists(name):
        raise TableNotFoundError(f'relation "{name}" does not exist.')
    parent: Any = defining.session(name)
    own = column or [item.string.sval for item in node.fk_attrs]
    to = [item.string.sval for item in node.pk_attrs]
    keys: list[Key] = list(parent.columns.keys)
    if to:
        key = next((k for k in keys if set(k.names) == set(to)), None)
    else:
        key = next((k for k in keys if k.columns[0].primary_key), None)
        to = list(key.names) if key is not None else []
    if key is None:
        raise QueryError(
            f'there is no unique constraint matching given keys for referenced table "{name}".',
            sqlstate="42830",
        )
    if len(own) != len(to):
        raise QueryError(
            "number of referencing and referenced columns for foreign key disagree.",
            sqlstate="42830",
        )
    if node.fk_matchtype != "s":
        raise UnsupportedQueryError("MATCH FULL is not supported.")
    if node.fk_upd_action == "c":
        raise UnsupportedQueryError("ON UPDATE CASCADE is not supported.")
    if node.fk_del_set_cols:
        raise UnsupportedQueryError("ON DELETE SET of some columns is not supported.")
    ours = [target.columns.get(found_name(target.columns, each)) for each in own]
    theirs = [parent.columns.get(each) for each in to]
    for mine, other in zip(ours, theirs, strict=True):
        one, two = (kind_of_column(t.columns, c) for t, c in ((target, mine), (parent, other)))
        if mine.layout != other.layout:
            raise QueryError(
                f"foreign key columns {mine.name} and {other.name} are of types {one} and {two}.",
                hint="They have to be of one type.",
                sqlstate="42804",
            )
    return {
        "references": parent.table_id,
        "columns": [each.column_id for each in ours],
        "to": [each.column_id for each in theirs],
        "on_delete": node.fk_del_action,
        "on_update": node.fk_upd_action,
    }


def _note(defining: Defining, target: Any, parent_id: int) -> None:
    """Let the referenced table know who refers to it, and look at the rows that are there."""
    import numpy as np

    from deeplake.sql.checks import written
    from deeplake.sql.define import keep

    parent = target.other(parent_id)
    known = {**parent.columns.schema.sql.get("referenced_by", {}), str(target.table_id): 1}
    keep(parent, lambda schema: declared.with_part(schema, "referenced_by", known))
    written(target, target, np.arange(target.rows))
    del defining
