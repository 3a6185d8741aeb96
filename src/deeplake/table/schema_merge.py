"""merge3 of schemas: columns by id, each property taken from the side that changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.format.schema import ColumnSpec, TableSchema
from deeplake.table.conflicts import DELETED, Conflict
from deeplake.table.evolve import joined
from deeplake.table.names_apart import names_apart, unsettled_names
from deeplake.table.unsettled import is_unsettled, is_whole, unsettled, unsettled_part

if TYPE_CHECKING:
    from collections.abc import Callable


def merge_schemas(
    base: TableSchema,
    ours: TableSchema,
    theirs: TableSchema,
    table: str,
    decide: Callable[[Conflict], bool] | None,
    changed: Callable[[int, str], bool],
) -> TableSchema:
    """The schema with what both sides changed.

    Args:
        decide: told each conflict, says whether theirs is to be kept; None for a virtual base, in
            which what is in conflict is as neither side has it.
        changed: says whether a side, "ours" or "theirs", changed cells of a column.
    """
    work = _Schemas(base, ours, theirs, table, decide, changed)
    merged = work.run()
    ever = dict.fromkeys([*ours.dropped, *theirs.dropped, *_by_id(ours), *_by_id(theirs)])
    stay = {column.column_id for column in merged}  # in ours' order: else it were a change
    declared = work.declared(base.sql, ours.sql, theirs.sql, merged)
    return TableSchema(tuple(merged), tuple(c for c in ever if c not in stay), declared)


class _Schemas:
    def __init__(
        self,
        base: TableSchema,
        ours: TableSchema,
        theirs: TableSchema,
        table: str,
        decide: Callable[[Conflict], bool] | None,
        changed: Callable[[int, str], bool],
    ) -> None:
        self._base, self._ours, self._theirs = (_by_id(s) for s in (base, ours, theirs))
        self._table = table
        self._decide = decide
        self._changed = changed

    def run(self) -> list[ColumnSpec]:
        """Ours' order, then what is new in theirs; theirs' if ours left the order as it was."""
        ids = [*self._ours, *(c for c in self._theirs if c not in self._ours)]
        found = [self._wide(spec) for c in ids if (spec := self._column(c)) is not None]
        merged = {spec.column_id: spec for spec in self._named_apart(found)}
        if not merged and self._ours and self._theirs:
            return self._last_ones()
        if [*self._ours] == [*self._base] and merged.keys() <= self._theirs.keys():
            return [merged[c] for c in self._theirs if c in merged]
        return list(merged.values())

    def _wide(self, spec: ColumnSpec) -> ColumnSpec:
        """A column as wide as the base had it: the revert of a widening may keep rows that the base
        has and no other side, and conflicts tell the base's values.
        """
        base = self._base.get(spec.column_id)
        return spec if base is None else joined(spec, base)

    def _column(self, column_id: int) -> ColumnSpec | None:
        base, ours, theirs = (
            side.get(column_id) for side in (self._base, self._ours, self._theirs)
        )
        if ours is not None and theirs is not None:
            if base is not None and is_whole(base.name):
                base = None
            base, ours, theirs = _widest(base, ours, theirs)
        if theirs == ours:
            return ours
        if base in (ours, theirs):
            left = "ours" if ours == base else "theirs"
            if None not in (ours, theirs) or base is None or not self._changed(column_id, left):
                return theirs if ours == base else ours
            problem = "dropped by one side, its cells changed by the other"
            return self._one_of("", problem, base, ours, theirs)
        if ours is None or theirs is None or base is None:  # dropped and changed, or added twice
            return self._one_of("", "changed in different ways", base, ours, theirs)
        fields = {}
        for field in ColumnSpec._fields:
            old, mine, other = (getattr(spec, field) for spec in (base, ours, theirs))
            if other in (mine, old):
                fields[field] = mine
            elif mine == old:
                fields[field] = other
            else:
                return self._one_of(field, f"its {field} was changed by both", base, ours, theirs)
        return ColumnSpec(**fields)

    def _one_of(
        self,
        field: str,
        problem: str,
        base: ColumnSpec | None,
        ours: ColumnSpec | None,
        theirs: ColumnSpec | None,
    ) -> ColumnSpec | None:
        """The side that is kept; in a virtual base the column stays, and is of neither."""
        there = ours or theirs
        if self._decide is None and there is not None:
            whole = None not in (ours, theirs) and (base is None or field != "name")
            return there._replace(name=unsettled(whole=whole or is_whole(there.name)))
        name = (there or base).name  # type: ignore[union-attr]
        return theirs if self._conflict(name, problem, base, ours, theirs) else ours

    def _last_ones(self) -> list[ColumnSpec]:
        """Each side dropped what the other kept, and a table has at least one column."""
        if self._decide is None:
            both = {**self._theirs, **self._ours}
            ids = [*self._ours, *(c for c in self._theirs if c not in self._ours)]
            return [both[c]._replace(name=unsettled()) for c in ids]
        ours = next(iter(self._ours.values()))
        base = self._base.get(ours.column_id)
        keep = self._conflict(ours.name, "the two drops leave no column", base, ours, None)
        return list((self._theirs if keep else self._ours).values())

    def _named_apart(self, columns: list[ColumnSpec]) -> list[ColumnSpec]:
        """Two columns of one name (added or renamed by both) cannot both stay."""

        def decide(name: str, mine: int, other: int) -> bool:
            ours, theirs = self._ours[mine], self._theirs[other]
            return self._conflict(name, "two columns have this name", None, ours, theirs)

        names, ours, theirs = (
            {spec.column_id: spec.name for spec in side}
            for side in (columns, self._ours.values(), self._theirs.values())
        )
        if self._decide is None:
            names = unsettled_names(names, ours)
            return [spec._replace(name=names[spec.column_id]) for spec in columns]
        settled = names_apart(names, ours, theirs, decide)
        found = [spec for spec in columns if spec.column_id in settled]
        return [spec._replace(name=settled[spec.column_id]) for spec in found]

    def declared(
        self,
        base: dict[str, Any],
        ours: dict[str, Any],
        theirs: dict[str, Any],
        columns: list[ColumnSpec],
    ) -> dict[str, Any]:
        """What SQL declared, entry by entry, of a column property by property."""
        if theirs == ours or (theirs == base and self._theirs.keys() <= self._ours.keys()):
            return ours
        found: dict[str, Any] = {}
        names = {str(spec.column_id): spec.name for spec in columns}
        for part in {**ours, **theirs}:
            sides = [side.get(part) for side in (base, ours, theirs)]
            if part == "columns":
                value: Any = self._of_columns(sides, names)
            elif all(side is None or isinstance(side, dict) for side in sides):
                value = self._each([side or {} for side in sides], None)
            else:
                value = self._part(sides, None, part)
            found.update({part: value} if value else {})
        return found

    def _of_columns(self, sides: list[Any], names: dict[str, str]) -> dict[str, Any]:
        found = {}
        for column in dict.fromkeys([*(sides[1] or {}), *(sides[2] or {})]):
            if column not in names:
                continue
            entries = [(side or {}).get(column, {}) for side in sides]
            here, there = (int(column) in side for side in (self._ours, self._theirs))
            if here != there:  # a side without the column says nothing of it
                found[column] = entries[1 if here else 2]
            else:
                found[column] = self._each(entries, names[column])
        return {column: entry for column, entry in found.items() if entry}

    def _each(self, sides: list[dict[str, Any]], column: str | None) -> dict[str, Any]:
        """Named parts, each taken from the side that changed it."""
        found = {}
        for name in {**sides[1], **sides[2]}:
            value = self._part([side.get(name) for side in sides], column, name)
            if value is not None:
                found[name] = value
        return found

    def _part(self, sides: list[Any], column: str | None, name: str) -> Any:
        base, ours, theirs = sides
        if theirs in (base, ours):
            return ours
        if ours == base:
            return theirs
        if self._decide is None:
            return unsettled_part(ours, theirs)
        there = dict(zip(("base", "ours", "theirs"), sides, strict=True))
        what = f"its {name}" if column is not None else f"{name!r}"
        problem = f"{what} was declared differently by both"
        conflict = Conflict(
            "schema", self._table, column=column, message=problem,
            read=lambda side: _told(there[side]),
            token=f"{problem} {ours!r} {theirs!r}",
        )  # fmt: skip
        return theirs if self._decided(conflict) else ours

    def _conflict(
        self,
        name: str,
        problem: str,
        base: ColumnSpec | None,
        ours: ColumnSpec | None,
        theirs: ColumnSpec | None,
    ) -> bool:
        sides = {"base": base, "ours": ours, "theirs": theirs}

        def read(side: str) -> Any:
            spec = sides[side]
            if spec is None or is_unsettled(spec.name):
                return _told(spec and spec.name)
            return f"{spec.name} {spec.type['type']}"

        token = f"{problem} {read('ours')} {read('theirs')}"
        conflict = Conflict(
            "schema", self._table, column=name, read=read, message=problem, token=token
        )
        return self._decided(conflict)

    def _decided(self, conflict: Conflict) -> bool:
        assert self._decide is not None
        return self._decide(conflict)


def _widest(
    base: ColumnSpec | None, ours: ColumnSpec, theirs: ColumnSpec
) -> tuple[ColumnSpec | None, ColumnSpec, ColumnSpec]:
    """All three with a type that holds what both sides hold. Rows may need it, so a widening is
    never undone, and never a conflict.

    Raises:
        SchemaError: there is no such type.
    """
    wide = joined(ours, theirs)
    former = max(ours.former, theirs.former, key=len)
    if wide is not ours:
        ours, theirs = ours._replace(type=wide.type), theirs._replace(type=wide.type)
        former = wide.former
        base = None if base is None else base._replace(type=wide.type)
    base = None if base is None else base._replace(former=former)
    return base, ours._replace(former=former), theirs._replace(former=former)


def _told(value: Any) -> Any:
    """A declaration, as a conflict shows it; None where common ancestors disagree."""
    return DELETED if value is None else None if is_unsettled(value) else value


def _by_id(schema: TableSchema) -> dict[int, ColumnSpec]:
    return {spec.column_id: spec for spec in schema.columns}
