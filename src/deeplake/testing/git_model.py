"""A Git of rows in plain dictionaries: what merge, revert, cherry_pick and rebase must give.

Written from docs/design/0003, sharing no code with the package. A cell is a value and the commit
that wrote it; a table is columns by id and rows by id; a commit is tables and parents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

Version = int | str
Place = tuple[str, str, int | None, str | None]
"""What names a conflict: kind, table, row id, column."""

Token = tuple[Any, ...]
"""The versions that a conflict is about: a decision holds for these."""

Decisions = dict[tuple[Place, Token], Any]

WIDTH = {"int8": 0, "int32": 1, "int": 2}

KEPT = ("commit", "merge")
"""Kinds of commits that no vacuum deletes; the others are automatic."""

KEYS = ("primary_key", "unique")
"""Marks of columns in which no value comes twice."""

_MISSING = object()


class Cell(NamedTuple):
    """A value, and the commit (or virtual merge) that wrote it."""

    value: Any
    version: Version


class Neither(str):
    """What a virtual base calls a column that its ancestors disagree on: equal to itself only."""

    __slots__ = ("whole",)
    whole: bool
    """They have it each by itself, so that nothing of it is common."""

    def __new__(cls, *, whole: bool = False) -> Self:
        made = super().__new__(cls)
        made.whole = whole
        return made

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__


class Spec(NamedTuple):
    """A column: its type's name, the value of rows that were never given one, and its mark."""

    name: str
    type: str
    default: Any = None
    mark: str = ""
    """"primary_key", "unique", "not_null", or none."""


class Row(NamedTuple):
    """The commit that appended a row, and the cells written then or since, by column id."""

    born: Version
    cells: dict[int, Cell]

    def cell(self, column: int, spec: Spec | None = None) -> Cell:
        """One cell; where nothing was written, the column's default, as old as the row."""
        return self.cells.get(column) or Cell(spec.default if spec else None, self.born)

    def version(self, column: int) -> Version:
        """Who wrote one cell."""
        return self.cell(column).version


class Table(NamedTuple):
    """Columns and rows by id, both in order."""

    columns: dict[int, Spec]
    rows: dict[int, Row]
    dropped: tuple[int, ...] = ()

    @property
    def declared(self) -> tuple[Any, ...]:
        """Its columns in order, and those it had: other ones are a change of the schema."""
        return (*self.columns.items(), self.dropped)

    def shown(self) -> list[dict[str, Any]]:
        """The rows as users see them."""
        return [
            {spec.name: row.cell(c, spec).value for c, spec in self.columns.items()}
            for row in self.rows.values()
        ]

    def repeats_keys(self) -> bool:
        """Whether two rows have one key."""
        for c, spec in self.columns.items():
            values = [row.cell(c, spec).value for row in self.rows.values()]
            known = [v for v in values if v is not None]
            if spec.mark in KEYS and len(set(known)) < len(known):
                return True
        return False

    def lacks_values(self) -> bool:
        """Whether a column has NULL that must not."""
        return any(
            row.cell(c, spec).value is None
            for c, spec in self.columns.items()
            if spec.mark in ("primary_key", "not_null")
            for row in self.rows.values()
        )

    def versions(self, row: int) -> set[tuple[int, Version]]:
        """(column, version) of one row's cells that are not as old as the row itself."""
        found = self.rows[row]
        return {(c, cell.version) for c, cell in found.cells.items() if cell.version != found.born}


Tables = dict[str, Table]


class ModelCommit(NamedTuple):
    """One commit. `kind` is commit, merge, ff, reset or virtual."""

    id: str
    parents: tuple[ModelCommit, ...]
    tables: Tables
    time: Any
    message: str = ""
    kind: str = "commit"

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelCommit) and self.id == other.id

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id} {self.message!r}>"


def history(commit: ModelCommit | None) -> set[ModelCommit]:
    """A commit and all its ancestors."""
    found: set[ModelCommit] = set()
    pending = [] if commit is None else [commit]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += one.parents
    return found


def merge_bases(a: ModelCommit, b: ModelCommit) -> list[ModelCommit]:
    """Common ancestors that are no ancestors of another one, newest first."""
    common = history(a) & history(b)
    below: set[ModelCommit] = set()
    for commit in common:
        for parent in commit.parents:
            below |= history(parent)
    return sorted(common - below, key=lambda c: c.time, reverse=True)


def virtual_base(bases: list[ModelCommit], stamps: Iterator[int]) -> ModelCommit:
    """Common ancestors merged into one; what conflicts among them differs from all sides."""
    found = bases[0]
    for other in bases[1:]:
        shared = virtual_base(merge_bases(found, other), stamps)
        stamp = f"virtual {next(stamps)}"
        merging = Merging(stamp, policy="virtual")
        tables = merging.run(shared.tables, found.tables, other.tables)
        time = max(found.time, other.time)
        clash = any(table.repeats_keys() for table in tables.values())
        clash |= any(one.kind == "virtual clash" for one in (shared, found))
        kind = "virtual clash" if clash else "virtual"
        found = ModelCommit(stamp, (found, other), tables, time, kind=kind)
    return found


class Merging:
    """One merge3.

    Args:
        stamp: the version of what the merge itself writes.
        policy: "raise", "ours", "theirs", "virtual", or a function of a conflict's place that
            says "ours", "theirs" or ("new", value), or such answers by place and token: what is
            not among them is collected, as with "raise".
        since: ids of rows that ours' branch appended after the base. Of other rows it cannot tell
            whether they have values elsewhere of a column that comes back.
        undoes: theirs is a parent of the base, as in a revert: it wrote nothing since.
    """

    def __init__(
        self,
        stamp: Version,
        policy: str | Decisions | Callable[[Place], Any],
        since: range = range(0),
        *,
        undoes: bool = False,
    ) -> None:
        self._undoes = undoes
        self._stamp = stamp
        self._policy = policy
        self._since = since
        self.conflicts: list[Place] = []
        self.tokens: dict[Place, Token] = {}
        """Which versions a conflict is about."""

    def run(self, base: Tables, ours: Tables, theirs: Tables) -> Tables:
        """All tables; each side has each of them."""
        return {
            name: self._table(name, base[name], ours[name], theirs[name])
            for name in ours
            if name in base and name in theirs
        }

    def _decide(self, place: Place, token: Token) -> Any:
        if isinstance(self._policy, dict) and (place, token) in self._policy:
            return self._policy[place, token]
        if self._policy == "raise" or isinstance(self._policy, dict):
            self.conflicts.append(place)
            self.tokens[place] = token
            return "ours"
        if callable(self._policy):
            self.conflicts.append(place)
            return self._policy(place)
        assert self._policy != "virtual"
        return self._policy

    # --- rows -------------------------------------------------------------------------------

    def _table(self, name: str, base: Table, ours: Table, theirs: Table) -> Table:
        if _same(theirs, base) or _same(theirs, ours):
            return ours
        if _same(ours, base):
            return theirs
        columns = self._columns(name, base, ours, theirs)
        dropped = dict.fromkeys([*ours.dropped, *theirs.dropped, *ours.columns, *theirs.columns])
        rows: dict[int, Row] = {}
        sides = base, ours, theirs
        for row_id in [*ours.rows, *(r for r in theirs.rows if r not in ours.rows)]:
            there = [side for side in (ours, theirs) if row_id in side.rows]
            compared = {c: s for c, s in columns.items() if all(c in t.columns for t in there)}
            three = [side.rows.get(row_id) for side in sides]
            if self._undoes and row_id not in ours.rows:  # it wrote nothing that the base has not
                compared = {c: s for c, s in compared.items() if c in base.columns}
            if three[0] is not None:  # what the base dropped it has not
                cells = {c: v for c, v in three[0].cells.items() if c in base.columns}
                three[0] = three[0]._replace(cells=cells)
            found = self._row(name, row_id, compared, *three)
            if found is not None:
                rows[row_id] = self._as_had(row_id, found, columns, *sides)
        return Table(columns, rows, tuple(c for c in dropped if c not in columns))

    def _as_had(
        self,
        row_id: int,
        found: Row,
        columns: dict[int, Spec],
        base: Table,
        ours: Table,
        theirs: Table,
    ) -> Row:
        """Columns that one side has not are as the other has them, or have their default; where
        defaults differ, what nobody wrote has that of the side that has the row, or that wins.
        """
        cells = dict(found.cells)
        mine, other, old = (side.rows.get(row_id) for side in (ours, theirs, base))
        for c, spec in columns.items():
            if c not in ours.columns or c not in theirs.columns:
                source = mine if c in ours.columns else other
                if source is None and c not in ours.columns and c in base.columns:
                    source = old
                if source is not None:
                    put_cell(cells, c, source)
                elif c in cells or self._doubtful(c, row_id, base, ours, theirs):
                    cells[c] = Cell(spec.default, self._stamp)
            elif ours.columns[c].default != theirs.columns[c].default:
                if mine is None or other is None:
                    side = theirs if mine is None else ours
                    cells.setdefault(c, Cell(side.columns[c].default, found.born))
                elif mine.version(c) == other.version(c):
                    put_cell(cells, c, other if spec.default == theirs.columns[c].default else mine)
        return Row(found.born, cells)

    def _doubtful(self, column: int, row_id: int, base: Table, ours: Table, theirs: Table) -> bool:
        """Whether a row may have had a value of a column before its side dropped it."""
        if column in ours.columns:
            return column in theirs.dropped and column in base.columns
        return column in ours.dropped and (row_id not in self._since or column in base.columns)

    def _row(
        self,
        table: str,
        row_id: int,
        columns: dict[int, Spec],
        base: Row | None,
        ours: Row | None,
        theirs: Row | None,
    ) -> Row | None:
        if ours is not None and theirs is not None:
            return self._cells(table, row_id, columns, base, ours, theirs)
        left = ours or theirs
        assert left is not None
        if base is None:
            return left
        changed = [c for c in columns if left.version(c) != base.version(c)]
        if not changed:
            return None  # deleted by one side, left alone by the other
        if self._policy == "virtual":
            stamped = {c: Cell(left.cell(c, columns[c]).value, self._stamp) for c in changed}
            return Row(left.born, {**left.cells, **stamped})
        token = tuple(sorted((c, str(left.version(c))) for c in changed))
        chosen = self._decide(("row", table, row_id, None), token)
        return ours if chosen == "ours" else theirs

    def _cells(
        self,
        table: str,
        row_id: int,
        columns: dict[int, Spec],
        base: Row | None,
        ours: Row,
        theirs: Row,
    ) -> Row:
        cells = dict(ours.cells)
        for column, spec in columns.items():
            mine, other = ours.cell(column, spec), theirs.cell(column, spec)
            old = None if base is None else base.cell(column, spec)
            if old is not None and other.version == old.version:
                continue
            if old is not None and mine.version == old.version:
                cells[column] = other
            elif mine.version != other.version and mine.value != other.value:
                place = "cell", table, row_id, spec.name
                cells[column] = self._conflict(place, spec, old, mine, other)
        return Row(ours.born, cells)

    def _conflict(
        self, place: Place, spec: Spec, old: Cell | None, mine: Cell, other: Cell
    ) -> Cell:
        if self._policy == "virtual":
            return Cell(mine.value, self._stamp)
        if spec.type == "json" and mine.value is not None and other.value is not None:
            merged = merge_json(None if old is None else old.value, mine.value, other.value)
            if merged in (mine.value, other.value):
                return mine if merged == mine.value else other
            if merged is not _MISSING:
                return Cell(merged, self._stamp)
        chosen = self._decide(place, (mine.version, other.version))
        if isinstance(chosen, tuple):
            return Cell(chosen[1], self._stamp)
        return mine if chosen == "ours" else other

    # --- columns ----------------------------------------------------------------------------

    def _columns(self, table: str, base: Table, ours: Table, theirs: Table) -> dict[int, Spec]:
        ids = [*ours.columns, *(c for c in theirs.columns if c not in ours.columns)]
        found: dict[int, Spec] = {}
        for c in ids:
            specs = (side.columns.get(c) for side in (base, ours, theirs))
            left = theirs if c not in ours.columns else ours
            written = any(
                row.version(c) != base.rows[r].version(c)
                for r, row in left.rows.items()
                if r in base.rows
            )
            spec = self._column(table, *specs, written=written)
            if spec is not None:
                found[c] = spec
        if self._policy == "virtual":
            names = [spec.name for spec in found.values()]
            for c, spec in found.items():
                if names.count(spec.name) > 1:
                    found[c] = spec._replace(name=Neither())
            if not found:  # either side's last ones stay, and nobody has decided which
                both = {c: ours.columns.get(c) or theirs.columns[c] for c in ids}
                return {c: spec._replace(name=Neither()) for c, spec in both.items()}
        found = self._named_apart(table, found, ours.columns, theirs.columns)
        if not found:  # a table has at least one column
            name = next(iter(ours.columns.values())).name
            keep = self._decide(("schema", table, None, name), ("last",))
            return dict((theirs if keep == "theirs" else ours).columns)
        if list(ours.columns) == list(base.columns) and found.keys() <= theirs.columns.keys():
            return {c: found[c] for c in theirs.columns if c in found}  # only theirs changed it
        return found

    def _column(
        self,
        table: str,
        base: Spec | None,
        ours: Spec | None,
        theirs: Spec | None,
        *,
        written: bool,
    ) -> Spec | None:
        """`written`: whether a side that has the column changed cells of it."""
        if ours is not None and theirs is not None:  # nothing makes a column narrower
            if base is not None and isinstance(base.name, Neither) and base.name.whole:
                base = None
            wide = max(ours.type, theirs.type, key=lambda t: WIDTH.get(t, 0))
            ours, theirs = ours._replace(type=wide), theirs._replace(type=wide)
            base = None if base is None else base._replace(type=wide)
        if theirs == ours:
            return ours
        dropped = base is not None and (ours is None or theirs is None)
        if base in (ours, theirs) and not (dropped and written):
            return theirs if ours == base else ours
        known = ours or theirs or base
        assert known is not None
        if self._policy == "virtual":
            return self._of_neither(base, ours, theirs)
        place = "schema", table, None, known.name
        token = (ours and ours[:2], theirs and theirs[:2], base is None)
        if ours is None or theirs is None or base is None:
            return theirs if self._decide(place, token) == "theirs" else ours
        fields = []
        for k, (old, mine, other) in enumerate(zip(base, ours, theirs, strict=True)):
            if other in (mine, old) or mine == old:
                fields.append(other if mine == old else mine)
            else:
                return theirs if self._decide(place, (*token, k)) == "theirs" else ours
        return Spec(*fields)

    @staticmethod
    def _of_neither(base: Spec | None, ours: Spec | None, theirs: Spec | None) -> Spec:
        """A column that a virtual base has in any case, under nobody's name if both changed the
        same of it, or one dropped it.
        """
        there = ours or theirs
        assert there is not None
        before = isinstance(there.name, Neither) and there.name.whole
        if ours is None or theirs is None:
            return there._replace(name=Neither(whole=before))
        if base is None:
            return ours._replace(name=Neither(whole=True))
        fields = []
        for k, (old, mine, other) in enumerate(zip(base, ours, theirs, strict=True)):
            if mine != old and other not in (mine, old):
                return ours._replace(name=Neither(whole=before or k > 0))
            fields.append(other if mine == old else mine)
        return Spec(*fields)

    def _named_apart(
        self, table: str, found: dict[int, Spec], ours: dict[int, Spec], theirs: dict[int, Spec]
    ) -> dict[int, Spec]:
        """Two columns of one name: the side that wins has its own, the other column is as that
        side has it, or not at all.
        """
        for _ in range(len(found) + 1):
            holders: dict[str, int] = {}
            clash: list[int] = []
            for c, spec in found.items():
                if spec.name in holders:
                    clash = [holders[spec.name], c]
                    break
                holders[spec.name] = c
            if not clash:
                return found
            name = found[clash[0]].name
            named = [next((s[c] for c in clash if c in s and s[c].name == name), None)
                     for s in (ours, theirs)]  # fmt: skip
            chosen = self._decide(("schema", table, None, name), ("named", repr(named)))
            winner = theirs if chosen == "theirs" else ours
            for c in clash:
                if c in winner:
                    found[c] = found[c]._replace(name=winner[c].name)
                else:
                    del found[c]
        return {c: found[c]._replace(name=spec.name) for c, spec in ours.items() if c in found}


def put_cell(cells: dict[int, Cell], column: int, source: Row) -> None:
    """A cell as another state of the row has it, or none if nothing was written there."""
    cells.pop(column, None)
    if column in source.cells:
        cells[column] = source.cells[column]


def _same(a: Table, b: Table) -> bool:
    return (
        list(a.columns.items()) == list(b.columns.items())
        and list(a.rows) == list(b.rows)
        and all(a.versions(r) == b.versions(r) for r in a.rows)
    )


def merge_json(base: Any, ours: Any, theirs: Any) -> Any:
    """Objects by key, all else whole; `_MISSING` where that cannot be."""
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return _MISSING
    old = base if isinstance(base, dict) else {}
    found = {}
    for key in {**ours, **theirs}:
        three = [side.get(key, _GONE) for side in (old, ours, theirs)]
        value = merge_json(*three)
        if value is _MISSING:
            return _MISSING
        if value is not _GONE:
            found[key] = value
    return found


_GONE = object()
"""A key that is not there."""


def types_of(name: str, tables: Tables) -> dict[int, str]:
    """Column id -> type of one table."""
    return {c: spec.type for c, spec in tables[name].columns.items()}


def number_of(place: Place) -> int:
    """The same in every process."""
    return sum(map(ord, repr(place)))


def same(a: Table, b: Table) -> bool:
    """Whether two states of a table are one, versions and order of columns included."""
    return a.declared == b.declared and {r: a.versions(r) for r in a.rows} == {
        r: b.versions(r) for r in b.rows
    }
