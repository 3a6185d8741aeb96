"""What handles have staged and branches know, in the Git of dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.testing.git_model import Cell, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.testing.git_model import Decisions, ModelCommit, Table, Version


class OverlapError(Exception):
    """A commit from a stale handle meets what another one changed."""


class Draft:
    """What a handle has staged in one table; rows that are staged have negative ids."""

    def __init__(self, table: Table) -> None:
        self.base = table
        self.rows = {r: dict(row.cells) for r, row in table.rows.items()}
        self.born = {r: row.born for r, row in table.rows.items()}
        self.written: set[tuple[int, int]] = set()
        self.deleted: set[int] = set()
        self.touched = False
        self._next = -1

    def append(self, values: dict[str, Any]) -> None:
        """Stage a row."""
        self.touched = True
        self.rows[self._next] = {
            c: Cell(values.get(spec.name, spec.default), "staged")
            for c, spec in self.base.columns.items()
        }
        self.born[self._next] = "staged"
        self._next -= 1

    def set(self, row: int, column: int, value: Any) -> None:
        """Stage a new value."""
        self.touched = True
        self.rows[row][column] = Cell(value, "staged")
        if row >= 0:
            self.written.add((row, column))

    def cell(self, row: int, column: int) -> Cell:
        """One cell, as staged."""
        return Row(self.born[row], self.rows[row]).cell(column, self.base.columns[column])

    def values(self, column: int) -> dict[int, Any]:
        """Row -> value of one column, as staged."""
        return {row: self.cell(row, column).value for row in self.rows}

    def delete(self, row: int) -> None:
        """Stage a deletion."""
        self.touched = True
        del self.rows[row]
        if row >= 0:
            self.deleted.add(row)
            self.written = {(r, c) for r, c in self.written if r != row}

    @property
    def changes(self) -> bool:
        """Whether a commit would publish anything."""
        return self.touched

    def shown(self) -> list[dict[str, Any]]:
        """The rows as the handle sees them."""
        rows = {r: Row(self.born[r], cells) for r, cells in self.rows.items()}
        return self.base._replace(rows=rows).shown()

    def on(self, head: Table, stamp: Version, new_ids: Iterable[int]) -> Table:
        """The table of a newer commit with these changes.

        Raises:
            OverlapError: both changed a cell, or one deleted what the other touched.
        """
        for row in self.deleted | {row for row, _ in self.written}:
            if row not in head.rows:
                raise OverlapError(f"row {row} is gone")
        for row in self.deleted:
            old, new = self.base.rows[row], head.rows[row]
            if any(old.version(c) != new.version(c) for c in {*old.cells, *new.cells}):
                raise OverlapError(f"row {row} was changed, and is deleted here")
        for row, column in self.written:
            if self.base.rows[row].version(column) != head.rows[row].version(column):
                raise OverlapError(f"cell {row}, {column}")
        rows = {r: row for r, row in head.rows.items() if r not in self.deleted}
        for row, column in self.written:
            value = self.rows[row][column].value
            rows[row] = rows[row]._replace(cells={**rows[row].cells, column: Cell(value, stamp)})
        added = [cells for row, cells in self.rows.items() if row < 0]
        for row, cells in zip(new_ids, added, strict=True):
            rows[row] = Row(stamp, {c: Cell(v.value, stamp) for c, v in cells.items()})
        made = head._replace(rows=rows)
        if made.repeats_keys():
            raise OverlapError("both gave one key")
        return made

    @property
    def added(self) -> int:
        """Rows staged and still there."""
        return sum(row < 0 for row in self.rows)


class Change(NamedTuple):
    """A merge, revert or cherry-pick; the base of a merge depends on where it is done."""

    doing: str
    base: ModelCommit | None
    theirs: ModelCommit


class Waiting(NamedTuple):
    """A change that met conflicts, and what was decided on them."""

    change: Change
    decisions: Decisions


class Branch:
    """A branch of the model: its slots, each with what it is known to have touched."""

    def __init__(self, base: ModelCommit) -> None:
        self.base = base
        self.slots: list[ModelCommit] = []
        self.waiting: Waiting | None = None
        self.touched: dict[str, set[str]] = {}
        """Commit id -> tables that its summary names; those with other columns as 'table!'."""

    @property
    def head(self) -> ModelCommit:
        """The newest commit."""
        return self.slots[-1] if self.slots else self.base

    def since(self, commit: ModelCommit) -> list[ModelCommit]:
        """Slots after a commit that the branch stood on."""
        if commit in self.slots:
            return self.slots[self.slots.index(commit) + 1 :]
        assert commit == self.base
        return list(self.slots)

    def refuses(self, at: ModelCommit, drafts: dict[str, Draft]) -> bool:
        """Whether what is staged on an older commit of the branch must be refused."""
        between = self.since(at)
        if any(commit.kind == "reset" for commit in between):
            return True
        for name, draft in drafts.items():
            old, new = at.tables[name], self.head.tables[name]
            if old.declared != new.declared:
                return True
            if any(f"{name}!" in self.touched[commit.id] for commit in between):
                return True
            try:
                draft.on(new, "", range(-draft.added, 0))
            except OverlapError:
                return True
        return False
