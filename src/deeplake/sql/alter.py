"""ALTER TABLE, RENAME, CREATE TABLE AS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import NullValueError, QueryError, TableExistsError, UnsupportedQueryError
from deeplake.query.kinds import Kind, kind_of
from deeplake.sql import assign, declared, defaults
from deeplake.sql.column_types import declared_type, spelling_of
from deeplake.sql.constraints import add_constraint
from deeplake.sql.define import declare_column, end, full_name, keep, need_schema
from deeplake.sql.evaluate import Wanted, answers
from deeplake.sql.parse import deparsed, enum_name
from deeplake.sql.target import Outcome, found_name, wanted
from deeplake.table import evolve
from deeplake.table.columns import Column, declare_schema, members

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.format.schema import TableSchema
    from deeplake.sql.define import Defining
    from deeplake.sql.target import Target, Writing


def alter_table(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """An AlterTableStmt node: its commands one after the other.

    Raises:
        QueryError, SchemaError, UnsupportedQueryError
    """
    kind = enum_name(node, "objtype").removeprefix("OBJECT_")
    if kind != "TABLE":
        raise UnsupportedQueryError(f"ALTER {kind} is not supported.")
    name = full_name(node.relation)
    if node.missing_ok and not defining.exists(name):
        return Outcome("ALTER TABLE", -1)
    target = writing.target(node.relation)
    for item in sorted(node.cmds, key=_order):
        command = item.alter_table_cmd
        what = enum_name(command, "subtype")
        run = _COMMANDS.get(what)
        if run is None:
            raise UnsupportedQueryError(
                f"ALTER TABLE … {what.removeprefix('AT_')} is not supported."
            )
        run(writing, defining, target, command)
    return Outcome(f"ALTER TABLE {name}", -1)


def _order(item: Any) -> int:
    """As Postgres: first what goes, then types, then what comes."""
    what = enum_name(item.alter_table_cmd, "subtype")
    first = ("AT_DropConstraint", "AT_DropColumn", "AT_AlterColumnType", "AT_AddColumn")
    return first.index(what) if what in first else len(first)


def _add(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    column = getattr(command, "def").column_def
    name = column.colname
    if name in target.columns.names:
        if command.missing_ok:
            return
        raise QueryError(
            f'column "{name}" of relation "{target.table}" already exists.', sqlstate="42701"
        )
    found = declared_type(column.type_name)
    kinds = {enum_name(item.constraint, "contype"): item.constraint for item in column.constraints}
    for kind, words in (("CONSTR_PRIMARY", "PRIMARY KEY"), ("CONSTR_UNIQUE", "UNIQUE")):
        if kind in kinds:
            raise UnsupportedQueryError(f"ADD COLUMN … {words} is not supported.")
    value = _same_for_all(column, kinds.get("CONSTR_DEFAULT"))
    _evolve(target, lambda t, now: evolve.added(t, now, name, found.spelling, value))
    declare_column(target, column)
    if value is None:
        _fill(target, name)
    if "CONSTR_NOTNULL" in kinds or found.serial or "CONSTR_IDENTITY" in kinds:
        _not_null(writing, defining, target, _Named(name))
    for item in column.constraints:
        add_constraint(writing, defining, target, item.constraint, [name])


def _same_for_all(column: Any, default: Any) -> Any:
    """The value of a default that is the same for all rows, so that none has to be written; None
    if there is none, or the column's type keeps none.
    """
    from deeplake.sql.computed import is_volatile
    from deeplake.types import declare
    from deeplake.types.base import FixedLayout

    if default is None or is_volatile(default.raw_expr):
        return None
    found = declared_type(column.type_name)
    type_ = declare.parse(found.spelling)
    if not isinstance(type_.layout, FixedLayout) and type_.name not in ("text", "json"):
        return None
    kind = kind_of(type_) if found.kind is None else Kind(found.kind[0], tuple(found.kind[1:]))
    text = deparsed(default.raw_expr)
    stand_in = Column(1, column.colname, type_)
    defaults.check(text, kind, stand_in)
    return assign.values(defaults.evaluated(text, kind, 1), kind, stand_in)[0]


class _Named:
    """A command that names a column."""

    def __init__(self, name: str) -> None:
        self.name = name


def _fill(target: Target, name: str) -> None:
    """Give the rows that are there the default of a new column."""
    column = target.columns.get(name)
    if target.rows and defaults.has_default(target.columns, column):
        data = defaults.of(target.columns, column, target.rows, target)
        target.update(np.arange(target.rows), {column.column_id: data})


def _drop(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    from deeplake.sql.views import column_dependents

    name = _column(target, command, missing_ok=command.missing_ok)
    if name is None:
        return
    column_id = target.columns.get(name).column_id
    cascade = enum_name(command, "behavior") == "DROP_CASCADE"
    using = column_dependents(writing, defining, target.table, name)
    if using and not cascade:
        raise QueryError(
            f'cannot drop column "{name}" because the view "{using[0]}" depends on it.',
            hint="Use DROP COLUMN … CASCADE to drop it too.",
            sqlstate="2BP01",
        )
    if using:
        end(defining, using, cascade=True)
    for constraint, found in list(target.columns.schema.sql.get("constraints", {}).items()):
        if column_id in members(found):
            keep(target, lambda s, c=constraint: declared.with_constraint(s, c, None))
    _release(target, column_id, name, cascade=cascade)

    def change(_: int, columns: Any) -> TableSchema:
        return evolve.dropped(columns, name)

    keep(target, lambda schema: _forgotten(schema, column_id))
    _evolve(target, change)


def _release(target: Any, column_id: int, name: str, *, cascade: bool) -> None:
    """Take away references of other tables to a column that is dropped.

    Raises:
        QueryError: 2BP01, without `cascade`.
    """
    for table_id in map(int, target.columns.schema.sql.get("referenced_by", {})):
        child = target.other(table_id)
        known = () if child is None else declared.constraints(child.columns.schema, "references")
        for constraint, found in list(known):
            if found["references"] != target.table_id or column_id not in found["to"]:
                continue
            if not cascade:
                raise QueryError(
                    f'cannot drop column "{name}" because the constraint "{constraint}" of table '
                    f'"{child.table}" depends on it.',
                    hint="Use DROP COLUMN … CASCADE to drop the constraint too.",
                    sqlstate="2BP01",
                )
            keep(child, lambda s, c=constraint: declared.with_constraint(s, c, None))


def _forgotten(schema: TableSchema, column_id: int) -> TableSchema:
    columns = schema.sql.get("columns", {})
    left = {key: value for key, value in columns.items() if key != str(column_id)}
    return declared.with_part(schema, "columns", left)


def _default(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    name = _column(target, command)
    assert name is not None
    column, kind = wanted(target.columns, name)
    if command.HasField("def"):
        text: str | None = deparsed(getattr(command, "def"))
        defaults.check(str(text), kind, column)
    else:  # DROP DEFAULT: also of one that the column was made with
        text = None if column.default is None else "NULL"
    keep(target, lambda s: declared.with_entry(s, column.column_id, default=text, sequence=None))
    del writing, defining


def _not_null(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    name = _column(target, command)
    assert name is not None
    valid = target.view().valid(name)
    if valid is not None and not valid.all():
        raise NullValueError(f'column "{name}" of relation "{target.table}" contains null values.')
    _mark(target, name, not_null=True)
    del writing, defining


def _null(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    name = _column(target, command)
    assert name is not None
    if target.columns.get(name).primary_key:
        raise QueryError(f'column "{name}" is in a primary key.', sqlstate="42P16")
    _mark(target, name, not_null=False)
    del writing, defining


def _mark(target: Target, name: str, *, not_null: bool) -> None:
    def change(_: int, columns: Any) -> TableSchema:
        schema: TableSchema = columns.schema
        specs = tuple(
            spec._replace(not_null=not_null) if spec.name == name else spec
            for spec in schema.columns
        )
        return schema._replace(columns=specs)

    _evolve(target, change)


def _type(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    name = _column(target, command)
    assert name is not None
    definition = getattr(command, "def").column_def
    if definition.HasField("raw_default"):
        raise UnsupportedQueryError("ALTER COLUMN … TYPE … USING is not supported.")
    found = declared_type(definition.type_name)
    column = target.columns.get(name)
    from deeplake.types import declare

    if declare.parse(found.spelling) != column.type:
        _evolve(target, lambda _, now: evolve.widened(now, name, found.spelling))
    elif found.kind is not None and found.kind[1:]:
        longest = _longest(target, name)
        if longest > found.kind[1]:
            raise QueryError(
                f"value too long for type {found.kind[0]}({found.kind[1]}).", sqlstate="22001"
            )
    kind = None if found.kind is None else list(found.kind)
    keep(target, lambda s: declared.with_entry(s, column.column_id, kind=kind))
    del writing, defining


def _longest(target: Target, name: str) -> int:
    texts = target.view().fetch(name, np.arange(target.rows))
    return max((len(text) for text in texts if text is not None), default=0)


def _constraint(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    node = getattr(command, "def").constraint
    kind = enum_name(node, "contype")
    if kind == "CONSTR_PRIMARY" or (kind == "CONSTR_UNIQUE" and len(node.keys) == 1):
        raise UnsupportedQueryError(
            "ADD PRIMARY KEY and ADD UNIQUE of one column are not supported.",
            hint="Make a new table with the keys it should have.",
        )
    if kind == "CONSTR_UNIQUE":
        _refuse_repeated(target, [key.string.sval for key in node.keys])
    add_constraint(writing, defining, target, node, None)


def _refuse_repeated(target: Target, names: list[str]) -> None:
    from deeplake.errors import UniqueViolationError
    from deeplake.table.columns import Key
    from deeplake.table.key_values import hashed, is_exact, repeated, told, value_of

    key = Key(tuple(target.columns.get(found_name(target.columns, name)) for name in names))
    view = target.view()
    data = [view.read(column.name) for column in key.columns]
    row = repeated(data, hashed(data), exact=is_exact(key))
    if row is not None:
        raise UniqueViolationError(
            f"could not create unique constraint: ({', '.join(names)})="
            f"({told(key, value_of(key, data, row))}) is duplicated."
        )


def _drop_constraint(writing: Writing, defining: Defining, target: Target, command: Any) -> None:
    if command.name not in target.columns.schema.sql.get("constraints", {}):
        if command.missing_ok:
            return
        raise QueryError(
            f'constraint "{command.name}" of relation "{target.table}" does not exist.',
            hint="Keys of one column and primary keys stay for a table's life.",
            sqlstate="42704",
        )
    keep(target, lambda schema: declared.with_constraint(schema, command.name, None))
    del writing, defining


_COMMANDS: dict[str, Callable[[Writing, Defining, Target, Any], None]] = {
    "AT_AddColumn": _add,
    "AT_DropColumn": _drop,
    "AT_ColumnDefault": _default,
    "AT_SetNotNull": _not_null,
    "AT_DropNotNull": _null,
    "AT_AlterColumnType": _type,
    "AT_AddConstraint": _constraint,
    "AT_DropConstraint": _drop_constraint,
}


def _column(target: Target, command: Any, *, missing_ok: bool = False) -> str | None:
    if missing_ok and command.name not in target.columns.names:
        return None
    return found_name(target.columns, command.name)


def _evolve(target: Target, change: Callable[[int, Any], TableSchema]) -> None:
    target.evolve("ALTER TABLE", change)


def rename(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A RenameStmt node: a table, a view, a column, a constraint.

    Raises:
        QueryError, TableExistsError, UnsupportedQueryError
    """
    from deeplake.sql.views import column_dependents, dependents

    kind = enum_name(node, "rename_type").removeprefix("OBJECT_")
    name = full_name(node.relation)
    if node.missing_ok and not defining.exists(name):
        return Outcome("ALTER TABLE", -1)
    if kind in ("TABLE", "VIEW"):
        if not defining.exists(name):
            writing.target(node.relation)  # says that there is none
        _unread(dependents(defining, name), f'"{name}"')
        schema, _, _ = name.rpartition(".")
        defining.rename(name, f"{schema}.{node.newname}" if schema else node.newname)
    elif kind == "COLUMN":
        target = writing.target(node.relation)
        old = found_name(target.columns, node.subname)
        if node.newname in target.columns.names:
            raise QueryError(
                f'column "{node.newname}" of relation "{name}" already exists.', sqlstate="42701"
            )
        _unread(column_dependents(writing, defining, target.table, old), f'column "{old}"')
        _evolve(target, lambda _, now: evolve.renamed(now, old, node.newname))
    elif kind == "TABCONSTRAINT":
        target = writing.target(node.relation)
        known = target.columns.schema.sql.get("constraints", {}).get(node.subname)
        if known is None:
            raise QueryError(f'constraint "{node.subname}" does not exist.', sqlstate="42704")
        keep(
            target,
            lambda s: declared.with_constraint(
                declared.with_constraint(s, node.subname, None), node.newname, known
            ),
        )
    else:
        raise UnsupportedQueryError(f"RENAME of a {kind} is not supported.")
    return Outcome(f"ALTER TABLE {name}", -1)


def _unread(views: list[str], what: str) -> None:
    """A view holds the names it was written with: it would read whatever takes this one next.

    Raises:
        UnsupportedQueryError: a view reads what is to be renamed.
    """
    if views:
        raise UnsupportedQueryError(
            f'{what} is not renamed: the view "{views[0]}" reads it by this name.',
            hint="Drop the view, and create it again with the new name.",
        )


def create_table_as(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A CreateTableAsStmt node.

    Raises:
        TableExistsError, QueryError, UnsupportedQueryError
    """
    from deeplake.sql.select import bind_select

    if enum_name(node, "objtype") != "OBJECT_TABLE":
        raise UnsupportedQueryError("CREATE MATERIALIZED VIEW is not supported.")
    name = full_name(node.into.rel)
    need_schema(defining, node.into.rel.schemaname)
    if defining.exists(name):
        if node.if_not_exists:
            return Outcome("CREATE TABLE AS", 0)
        raise TableExistsError(f'relation "{name}" already exists.')
    query = node.query.select_stmt
    statement, _ = bind_select(writing.text, query, writing.catalog, writing.values)
    outputs = statement.query.outputs
    given = [item.string.sval for item in node.into.col_names]
    labels = [*given, *(o.label for o in outputs[len(given) :])]
    if len(set(labels)) < len(labels) or len(labels) != len(outputs):
        raise QueryError("two columns of the table would have one name.", sqlstate="42701")
    kinds = [o.expression.kind for o in outputs]
    types = [spelling_of(kind._replace(late=frozenset())) for kind in kinds]
    schema = dict(zip(labels, types, strict=True))
    target = defining.create(name, declare_schema(schema))
    count = 0
    want: list[Wanted | None] = [wanted(target.columns, label) for label in labels]
    if not node.into.skip_data:
        for answer in answers(writing.text, query, writing.catalog, writing.values, want):
            rows = len(answer.positions)
            if rows:
                data = dict(zip(labels, answer.data, strict=True))
                target.stage(target.columns.fit_data(data)[0], rows)
                count += rows
    return Outcome(f"CREATE TABLE AS {name}", count)
