"""CREATE TABLE, DROP, TRUNCATE, schemas, comments: tables as SQL declares them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from deeplake.errors import (
    QueryError,
    TableExistsError,
    TableNotFoundError,
    UnsupportedQueryError,
    did_you_mean,
)
from deeplake.sql import declared
from deeplake.sql.column_types import declared_type
from deeplake.sql.constraints import add_constraint
from deeplake.sql.parse import deparsed, enum_name, inner
from deeplake.sql.target import Outcome
from deeplake.table.columns import declare_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.format.schema import TableSchema
    from deeplake.sql.target import Target, Writing

PUBLIC = "public"
SCHEMA_MARK = "deeplake_schema"
"""The table, without rows, that stands for an empty schema: <schema>.deeplake_schema."""


class Defining(Protocol):
    """Who makes and drops tables, beside what `Writing` says."""

    def exists(self, name: str) -> bool:
        """Whether there is a table, view or mark of a name."""

    def names(self) -> Sequence[str]:
        """All of them."""

    def create(self, name: str, schema: TableSchema) -> Target:
        """Make a table."""

    def drop(self, name: str) -> None:
        """End a table."""

    def rename(self, old: str, new: str) -> None:
        """Give a table another name."""

    def schema_of(self, name: str) -> TableSchema:
        """What a table is declared as."""

    def session(self, name: str) -> Target:
        """A table or view by its name."""


def full_name(relation: Any) -> str:
    """The name of a RangeVar among the tables of the repository."""
    schema = relation.schemaname
    return relation.relname if schema in ("", PUBLIC) else f"{schema}.{relation.relname}"


def create_table(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A CreateStmt node.

    Raises:
        TableExistsError: 42P07.
        QueryError, SchemaError, UnsupportedQueryError: nothing is made.
    """
    name = full_name(node.relation)
    _refuse_clauses(node)
    need_schema(defining, node.relation.schemaname)
    if defining.exists(name):
        if node.if_not_exists:
            return Outcome("CREATE TABLE", -1)
        raise TableExistsError(f'relation "{name}" already exists.', hint="Take another name.")
    columns = [item.column_def for item in node.table_elts if inner(item)[0] == "column_def"]
    others = [item for item in node.table_elts if inner(item)[0] != "column_def"]
    for item in others:
        if inner(item)[0] != "constraint":
            raise UnsupportedQueryError(f"{inner(item)[0]} in CREATE TABLE is not supported.")
    if not columns:
        raise UnsupportedQueryError("a table without columns is not supported.")
    wanted = _keys_of(columns, [item.constraint for item in others])
    schema = declare_schema(
        {c.colname: (declared_type(c.type_name).spelling, *wanted[c.colname]) for c in columns}
    )
    made = defining.create(name, schema)
    for column in columns:
        declare_column(made, column)
    for column in columns:
        for item in column.constraints:
            add_constraint(writing, defining, made, item.constraint, [column.colname])
    for item in others:
        add_constraint(writing, defining, made, item.constraint, None)
    return Outcome(f"CREATE TABLE {name}", -1)


def _refuse_clauses(node: Any) -> None:
    for field, words in (
        ("inh_relations", "INHERITS and PARTITION OF"),
        ("partspec", "PARTITION BY"),
        ("of_typename", "OF type"),
        ("options", "WITH (storage options)"),
        ("tablespacename", "TABLESPACE"),
        ("access_method", "USING"),
    ):
        value = getattr(node, field)
        if node.HasField(field) if hasattr(value, "DESCRIPTOR") else value:
            raise UnsupportedQueryError(f"{words} in CREATE TABLE is not supported.")
    if node.relation.relpersistence != "p":
        raise UnsupportedQueryError("TEMPORARY and UNLOGGED tables are not supported.")


def need_schema(defining: Defining, schema: str) -> None:
    """Refuse to make something in a schema that is not there.

    Raises:
        QueryError: 3F000.
    """
    if schema and schema != PUBLIC and not has_schema(defining, schema):
        raise QueryError(f'schema "{schema}" does not exist.', sqlstate="3F000")


def has_schema(defining: Defining, schema: str) -> bool:
    """Whether a schema was made."""
    return defining.exists(f"{schema}.{SCHEMA_MARK}")


def _keys_of(columns: Sequence[Any], tables: Sequence[Any]) -> dict[str, list[str]]:
    """Column name -> the words behind its type.

    Raises:
        QueryError: 42P16 two primary keys, 42701 a column twice, 42703 a key of no column.
    """
    words: dict[str, list[str]] = {}
    primary = 0
    for column in columns:
        if column.colname in words:
            raise QueryError(
                f'column "{column.colname}" specified more than once.', sqlstate="42701"
            )
        kinds = [enum_name(item.constraint, "contype") for item in column.constraints]
        primary += kinds.count("CONSTR_PRIMARY")
        own = [_WORDS[kind] for kind in kinds if kind in _WORDS]
        serial = declared_type(column.type_name).serial or "CONSTR_IDENTITY" in kinds
        if serial and "not_null" not in own:
            own.append("not_null")
        words[column.colname] = own
    for table in tables:
        kind = enum_name(table, "contype")
        keys = [key.string.sval for key in table.keys]
        for key in keys:
            if key not in words:
                raise QueryError(
                    f'column "{key}" named in key does not exist.',
                    hint=did_you_mean(key, words),
                    sqlstate="42703",
                )
        if kind == "CONSTR_PRIMARY":
            primary += 1
            for key in keys:
                words[key].append("primary_key")
        elif kind == "CONSTR_UNIQUE" and len(keys) == 1:
            words[keys[0]].append("unique")
    if primary > 1:
        raise QueryError("multiple primary keys for the table are not allowed.", sqlstate="42P16")
    return {name: list(dict.fromkeys(own)) for name, own in words.items()}


_WORDS = {
    "CONSTR_PRIMARY": "primary_key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_NOTNULL": "not_null",
}


def declare_column(target: Target, column: Any) -> None:
    """Keep what a ColumnDef says that a column type does not: kind, default, sequence."""
    from deeplake.sql import defaults
    from deeplake.sql.target import wanted

    found = declared_type(column.type_name)
    column_id = target.columns.get(column.colname).column_id
    parts: dict[str, Any] = {}
    if found.kind is not None:
        parts["kind"] = list(found.kind)
    if found.serial:
        parts["sequence"] = new_sequence()
    if parts:
        keep(target, lambda schema: declared.with_entry(schema, column_id, **parts))
    for item in column.constraints:
        constraint = item.constraint
        kind = enum_name(constraint, "contype")
        more: dict[str, Any] = {}
        if kind == "CONSTR_DEFAULT":
            if found.serial:
                raise QueryError(
                    f'multiple default values specified for column "{column.colname}".',
                    sqlstate="42601",
                )
            text = deparsed(constraint.raw_expr)
            want = wanted(target.columns, column.colname)
            defaults.check(text, want.kind, want.column)
            more["default"] = text
        elif kind == "CONSTR_IDENTITY":
            if found.spelling not in ("int16", "int32", "int64"):
                raise QueryError(
                    "identity column type must be smallint, integer, or bigint.",
                    sqlstate="22023",
                )
            more["sequence"] = new_sequence(constraint.options)
            more["identity"] = "always" if constraint.generated_when == "a" else "by default"
        elif kind == "CONSTR_GENERATED":
            raise UnsupportedQueryError("GENERATED ALWAYS AS (…) STORED is not supported.")
        if more:
            keep(target, lambda schema, more=more: declared.with_entry(schema, column_id, **more))


def keep(target: Target, change: Any) -> None:
    """Replace a table's schema by one that declares more; its columns stay."""
    target.evolve("", lambda _, columns: change(columns.schema))


def new_sequence(options: Any = ()) -> dict[str, Any]:
    """A sequence that nobody has taken a number of.

    Raises:
        UnsupportedQueryError: an option but START and INCREMENT.
    """
    found: dict[str, Any] = {"id": os.urandom(8).hex()}
    for item in options:
        option = item.def_elem
        value = option.arg.integer.ival
        if option.defname == "start":
            found["start"] = value
        elif option.defname == "increment" and value:
            found["by"] = value
        elif option.defname not in ("cache", "minvalue"):
            raise UnsupportedQueryError(
                f"{option.defname.upper()} of an identity column is not supported."
            )
    return found


def drop(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A DropStmt node.

    Raises:
        TableNotFoundError: 42P01.
        QueryError: 42809 it is of another kind, 2BP01 others depend on it.
    """
    kind = enum_name(node, "remove_type").removeprefix("OBJECT_")
    if kind == "SCHEMA":
        return _drop_schemas(defining, node)
    if kind not in ("TABLE", "VIEW"):
        raise UnsupportedQueryError(f"DROP {kind.replace('_', ' ')} is not supported.")
    cascade = enum_name(node, "behavior") == "DROP_CASCADE"
    names = []
    for item in node.objects:
        parts = [part.string.sval for part in item.list.items]
        name = parts[-1] if len(parts) < 2 or parts[-2] == PUBLIC else f"{parts[-2]}.{parts[-1]}"
        if not defining.exists(name):
            if node.missing_ok:
                continue
            raise TableNotFoundError(
                f'{kind.lower()} "{name}" does not exist.',
                hint=did_you_mean(name, defining.names()),
            )
        is_view = declared.view_of(defining.schema_of(name)) is not None
        if is_view != (kind == "VIEW"):
            raise QueryError(f'"{name}" is not a {kind.lower()}.', sqlstate="42809")
        names.append(name)
    end(defining, names, cascade=cascade)
    del writing
    return Outcome(f"DROP {kind} {', '.join(names)}".rstrip(), -1)


def end(defining: Defining, names: Sequence[str], *, cascade: bool) -> None:
    """Drop tables and views, and with `cascade` what depends on them.

    Raises:
        QueryError: 2BP01.
    """
    from deeplake.sql.views import dependents

    going = list(dict.fromkeys(names))
    for name in going:  # grows while it is gone through
        for other in dependents(defining, name):
            if other not in going:
                if not cascade:
                    raise QueryError(
                        f'cannot drop "{name}" because the view "{other}" depends on it.',
                        hint="Use DROP … CASCADE to drop it too.",
                        sqlstate="2BP01",
                    )
                going.append(other)
        _release(defining, name, going, cascade=cascade)
    for name in going:
        defining.drop(name)


def _release(defining: Defining, name: str, going: Sequence[str], *, cascade: bool) -> None:
    """Take away references of other tables to one that is dropped."""
    schema = defining.schema_of(name)
    own: Any = defining.session(name)
    for table_id in map(int, schema.sql.get("referenced_by", {})):
        child: Any = own.other(table_id)
        if child is None or child.table in going:
            continue
        for constraint, found in list(declared.constraints(child.columns.schema, "references")):
            if found["references"] != own.table_id:
                continue
            if not cascade:
                raise QueryError(
                    f'cannot drop table "{name}" because the constraint "{constraint}" of table '
                    f'"{child.table}" depends on it.',
                    hint="Use DROP … CASCADE to drop the constraint too.",
                    sqlstate="2BP01",
                )
            keep(child, lambda s, c=constraint: declared.with_constraint(s, c, None))


def create_schema(defining: Defining, node: Any) -> Outcome:
    """A CreateSchemaStmt node.

    Raises:
        QueryError: 42P06, it exists.
    """
    name = node.schemaname
    if node.schema_elts or not name:
        raise UnsupportedQueryError(
            "CREATE SCHEMA with elements or AUTHORIZATION is not supported."
        )
    if "." in name:
        raise UnsupportedQueryError("a dot in the name of a schema is not supported.")
    if name == PUBLIC or has_schema(defining, name):
        if node.if_not_exists:
            return Outcome("CREATE SCHEMA", -1)
        raise QueryError(f'schema "{name}" already exists.', sqlstate="42P06")
    schema = declare_schema({"name": "text"})
    defining.create(f"{name}.{SCHEMA_MARK}", declared.with_part(schema, "schema", name))
    return Outcome(f"CREATE SCHEMA {name}", -1)


def _drop_schemas(defining: Defining, node: Any) -> Outcome:
    cascade = enum_name(node, "behavior") == "DROP_CASCADE"
    names = [item.string.sval for item in node.objects]
    for name in names:
        if not has_schema(defining, name):
            if node.missing_ok:
                continue
            raise QueryError(f'schema "{name}" does not exist.', sqlstate="3F000")
        mark = f"{name}.{SCHEMA_MARK}"
        inside = [n for n in defining.names() if n.startswith(f"{name}.") and n != mark]
        if inside and not cascade:
            raise QueryError(
                f'cannot drop schema "{name}" because "{inside[0]}" is in it.',
                hint="Use DROP SCHEMA … CASCADE.",
                sqlstate="2BP01",
            )
        end(defining, [*inside, mark], cascade=cascade)
    return Outcome(f"DROP SCHEMA {', '.join(names)}", -1)


def truncate(writing: Writing, node: Any) -> Outcome:
    """A TruncateStmt node.

    Raises:
        QueryError: 0A000, another table refers to it.
    """
    import numpy as np

    targets = [writing.target(item.range_var) for item in node.relations]
    tables = {target.table for target in targets}
    cascades = enum_name(node, "behavior") == "DROP_CASCADE"
    for target in targets:  # grows while it is walked: what refers to a table that refers …
        for table_id in map(int, target.columns.schema.sql.get("referenced_by", {})):
            other = target.other(table_id)  # type: ignore[attr-defined]
            if other is None or other.table in tables:
                continue
            if not cascades:
                raise QueryError(
                    f'cannot truncate "{target.table}": "{other.table}" refers to it.',
                    hint="Truncate both in one statement, or say CASCADE.",
                    sqlstate="0A000",
                )
            targets.append(other)
            tables.add(other.table)
    for target in reversed(targets):
        if target.rows:
            target.clear(np.arange(target.rows))  # type: ignore[attr-defined]
        if node.restart_seqs:
            keep(target, _restarted)
    return Outcome(f"TRUNCATE {', '.join(sorted(tables))}", -1)


def _restarted(schema: TableSchema) -> TableSchema:
    """With sequences that nobody has taken a number of, begun and stepped as before."""
    for column_id, entry in schema.sql.get("columns", {}).items():
        if "sequence" in entry:
            again = {**entry["sequence"], "id": os.urandom(8).hex()}
            schema = declared.with_entry(schema, int(column_id), sequence=again)
    return schema


def comment(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A CommentStmt node on a table, view or column.

    Raises:
        UnsupportedQueryError: on anything else.
    """
    from deeplake.sql.target import found_name

    kind = enum_name(node, "objtype").removeprefix("OBJECT_")
    parts = [part.string.sval for part in node.object.list.items]
    text = node.comment or None
    if kind in ("TABLE", "VIEW"):
        target = defining.session(_dotted(defining, parts))
        keep(target, lambda schema: declared.with_part(schema, "comment", text))
    elif kind == "COLUMN" and len(parts) > 1:
        target = defining.session(_dotted(defining, parts[:-1]))
        column = target.columns.get(found_name(target.columns, parts[-1]))
        keep(target, lambda schema: declared.with_entry(schema, column.column_id, comment=text))
    else:
        raise UnsupportedQueryError(f"COMMENT ON {kind} is not supported.")
    del writing
    return Outcome(f"COMMENT ON {kind}", -1)


def _dotted(defining: Defining, parts: Sequence[str]) -> str:
    name = parts[-1] if len(parts) < 2 or parts[-2] == PUBLIC else f"{parts[-2]}.{parts[-1]}"
    if not defining.exists(name):
        raise TableNotFoundError(
            f'relation "{name}" does not exist.', hint=did_you_mean(name, defining.names())
        )
    return name
