"""Pieces of syntax trees: a write's expressions, sources and conditions as one SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.sql.parse import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence


def target(value: Any, name: str = "") -> Any:
    """An output of a SELECT: a node under a name."""
    made = nodes().Node()
    made.res_target.name = name
    made.res_target.val.CopyFrom(value)
    return made


def select(
    targets: Sequence[Any], source: Sequence[Any] = (), where: Any = None, common: Any = None
) -> Any:
    """A SelectStmt of targets, items of FROM, a condition and a WITH clause."""
    made = nodes().SelectStmt(op="SETOP_NONE", limit_option="LIMIT_OPTION_DEFAULT")
    made.target_list.extend(targets)
    made.from_clause.extend(source)
    if where is not None:
        made.where_clause.CopyFrom(where)
    if common is not None:
        made.with_clause.CopyFrom(common)
    return made


def table(name: str, alias: str) -> Any:
    """A table in FROM."""
    made = nodes().Node()
    made.range_var.relname = name
    made.range_var.inh = True
    made.range_var.relpersistence = "p"
    made.range_var.alias.aliasname = alias
    return made


def column(*names: str) -> Any:
    """A reference to a column."""
    made = nodes().Node()
    for name in names:
        made.column_ref.fields.add().string.sval = name
    made.column_ref.location = -1
    return made


def star() -> Any:
    """*."""
    made = nodes().Node()
    made.column_ref.fields.add().a_star.SetInParent()
    return made


def join(left: Any, right: Any, condition: Any, kind: str) -> Any:
    """Two items of FROM joined; `kind` is JOIN_LEFT, JOIN_FULL …"""
    made = nodes().Node()
    made.join_expr.jointype = kind
    made.join_expr.larg.CopyFrom(left)
    made.join_expr.rarg.CopyFrom(right)
    made.join_expr.quals.CopyFrom(condition)
    return made
