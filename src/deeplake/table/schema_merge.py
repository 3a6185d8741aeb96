"""merge3 of schemas: columns by id, each property taken from the side that changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.format.schema import ColumnSpec, TableSchema
from deeplake.table.conflicts import DELETED, Conflict
from deeplake.table.evolve import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def merge_schemas(
    base: TableSchema,
    ours: TableSchema,
    theirs: TableSchema,
    table: str,
    decide: Callable[[Conflict], bool],
    changed: Callable[[int, str], bool],
) -> TableSchema:
    """The schema with what both sides changed.

    Args:
        decide: told each conflict, says whether theirs is to be kept.
        changed: says whether a side, "ours" or "theirs", changed cells of a column.
    """
    merged = _Schemas(base, ours, theirs, table, decide, changed).run()
    ever = dict.fromkeys([*ours.dropped, *theirs.dropped, *_by_id(ours), *_by_id(theirs)])
    stay = {column.column_id for column in merged}  # in ours' order: else it were a change
    declared = _declared(base.sql, ours.sql, theirs.sql, {str(c) for c in stay})
    return TableSchema(tuple(merged), tuple(c for c in ever if c not in stay), declared)


def _declared(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], columns: set[str]
) -> dict[str, Any]:
    """What SQL declared, entry by entry: taken from the side that changed it, ours' if both did."""
    if theirs in (base, ours):
        return ours
    found = {}
    for part in {**ours, **theirs}:
        old, mine, other = (side.get(part) for side in (base, ours, theirs))
        if all(value is None or isinstance(value, dict) for value in (old, mine, other)):
            entries = _entries(old or {}, mine or {}, other or {})
            if part == "columns":
                entries = {c: entry for c, entry in entries.items() if c in columns}
            if entries:
                found[part] = entries
        else:
            value = other if mine == old else mine
            if value is not None:
                found[part] = value
    return found


def _entries(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in {**ours, **theirs}:
        old, mine, other = (side.get(name) for side in (base, ours, theirs))
        value = other if mine == old else mine
        if value is not None:
            found[name] = value
    return found


class _Schemas:
    def __init__(
        self,
        base: TableSchema,
        ours: TableSchema,
        theirs: TableSchema,
        table: str,
        decide: Callable[[Conflict], bool],
        changed: Callable[[int, str], bool],
    ) -> None:
        self._base, self._ours, self._theirs = (_by_id(s) for s in (base, ours, theirs))
        self._table = table
        self._decide = decide
        self._changed = changed

    def run(self) -> list[ColumnSpec]:
        """Ours' order, then what is new in theirs; theirs' if ours left the order as it was."""
        ids = [*self._ours, *(c for c in self._theirs if c not in self._ours)]
        found = [spec for c in ids if (spec := self._column(c)) is not None]
        merged = {spec.column_id: spec for spec in self._named_apart(found)}
        if not merged and self._ours and self._theirs:
            return self._last_ones()
        if [*self._ours] == [*self._base] and merged.keys() <= self._theirs.keys():
            return [merged[c] for c in self._theirs if c in merged]
        return list(merged.values())

    def _column(self, column_id: int) -> ColumnSpec | None:
        base, ours, theirs = (
            side.get(column_id) for side in (self._base, self._ours, self._theirs)
        )
        if ours is not None and theirs is not None:
            base, ours, theirs = _widest(base, ours, theirs)
        if theirs == ours:
            return ours
        if base in (ours, theirs):
            left = "ours" if ours == base else "theirs"
            if None not in (ours, theirs) or base is None or not self._changed(column_id, left):
                return theirs if ours == base else ours
            problem = "dropped by one side, its cells changed by the other"
            return theirs if self._conflict(base.name, problem, base, ours, theirs) else ours
        name = (ours or theirs or base).name  # type: ignore[union-attr]
        if ours is None or theirs is None or base is None:  # dropped and changed, or added twice
            keep = self._conflict(name, "changed in different ways", base, ours, theirs)
            return theirs if keep else ours
        fields = {}
        for field in ColumnSpec._fields:
            old, mine, other = (getattr(spec, field) for spec in (base, ours, theirs))
            if other in (mine, old):
                fields[field] = mine
            elif mine == old:
                fields[field] = other
            else:
                keep = self._conflict(name, f"its {field} was changed by both", base, ours, theirs)
                return theirs if keep else ours
        return ColumnSpec(**fields)

    def _last_ones(self) -> list[ColumnSpec]:
        """Each side dropped what the other kept, and a table has at least one column."""
        ours = next(iter(self._ours.values()))
        base = self._base.get(ours.column_id)
        keep = self._conflict(ours.name, "the two drops leave no column", base, ours, None)
        return list((self._theirs if keep else self._ours).values())

    def _named_apart(self, columns: list[ColumnSpec]) -> list[ColumnSpec]:
        """Two columns of one name (added or renamed by both) cannot both stay: the side that is
        kept names both, and one that it has not is left out.
        """
        found = {spec.column_id: spec for spec in columns}
        for _ in range(len(found) + 1):
            clash = _of_one_name(found.values())
            if not clash:
                break
            self._settle_name(found, clash)
        else:  # answers went round in circles: ours' names are unique
            self._settle_names_as(self._ours, found, list(found))
        return list(found.values())

    def _settle_name(self, found: dict[int, ColumnSpec], clash: list[int]) -> None:
        name = found[clash[0]].name
        ours, theirs = (
            next((side[c] for c in clash if c in side and side[c].name == name), None)
            for side in (self._ours, self._theirs)
        )
        keep = self._conflict(name, "two columns have this name", None, ours, theirs)
        self._settle_names_as(self._theirs if keep else self._ours, found, clash)

    @staticmethod
    def _settle_names_as(
        side: dict[int, ColumnSpec], found: dict[int, ColumnSpec], those: list[int]
    ) -> None:
        for column_id in those:
            if column_id in side:
                found[column_id] = found[column_id]._replace(name=side[column_id].name)
            else:
                del found[column_id]

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
            return DELETED if spec is None else f"{spec.name} {spec.type['type']}"

        token = f"{problem} {read('ours')} {read('theirs')}"
        conflict = Conflict(
            "schema", self._table, column=name, read=read, message=problem, token=token
        )
        return self._decide(conflict)


def _of_one_name(columns: Iterable[ColumnSpec]) -> list[int]:
    """Ids of two columns with the same name, if there are any."""
    holders: dict[str, int] = {}
    for spec in columns:
        other = holders.setdefault(spec.name, spec.column_id)
        if other != spec.column_id:
            return [other, spec.column_id]
    return []


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


def _by_id(schema: TableSchema) -> dict[int, ColumnSpec]:
    return {spec.column_id: spec for spec in schema.columns}
