"""Keys that a merge would give to two rows: found before rows are merged, settled row by row.

See docs/design/0003. A key of the merged table is one that ours or theirs gives to that row, so
two rows can share one only if each side gave it to one of them: `key_claims` finds such pairs.
Decided is which rows stay out, and from which side other rows have their key; the merge of rows
follows that.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deeplake.format.checksum import crc32c
from deeplake.table.compare import versions_at
from deeplake.table.conflicts import Conflict, Spot
from deeplake.table.contest import UNDECIDED
from deeplake.table.disputes import cell_dispute, row_dispute
from deeplake.table.gathered import gathered, values_at
from deeplake.table.key_claims import Pair, Party, claims_of, pairs_of
from deeplake.table.key_plan import KeyPlan
from deeplake.table.key_scan import Candidates, keys_of
from deeplake.table.key_values import cells, hashed, told, value_of
from deeplake.table.table_tree import TableTree
from deeplake.types.base import is_media
from deeplake.types.data import rows_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from deeplake.table.columns import Column, Columns, Key
    from deeplake.table.compare import TableDelta
    from deeplake.table.contest import Resolver
    from deeplake.table.key_claims import Claims
    from deeplake.table.walk import Side
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Which = Literal["ours", "theirs"]

ROWS_AT_ONCE = 256
"""Pairs of rows whose cells are compared at once: of images that is 256 images a side."""

TAKEN = "taken-"
"""How the token of a conflict begins that comes of a value chosen for a key."""

OTHER: dict[Which, Which] = {"ours": "theirs", "theirs": "ours"}


class Asked:
    """A function that decides conflicts, asked once for each: keys depend on cells and rows that
    are settled later.
    """

    def __init__(self, decide: Callable[[Conflict], Any]) -> None:
        self._decide = decide
        self._known: dict[tuple[object, ...], tuple[str, Any]] = {}

    def __call__(self, conflict: Conflict) -> Any:
        """The answer, the value of a side as this conflict has it."""
        name = (*conflict.place, conflict.token)
        if name not in self._known:
            answer = self._decide(conflict)
            side = next((w for w in OTHER if conflict.chose(answer, w)), "")
            self._known[name] = side, answer
            return answer
        side, answer = self._known[name]
        return getattr(conflict, side) if side else answer


def plan_keys(
    sides: tuple[Side, Side],
    deltas: tuple[TableDelta, TableDelta],
    columns: Columns,
    table: str,
    resolver: Resolver | None,
) -> KeyPlan | None:
    """Find and settle keys that two rows would share; None if there are none.

    Args:
        sides: ours and theirs.
        deltas: from the base to them, rows that are gone altogether included.
        columns: of the merged table.
        table: its name.
        resolver: decides conflicts; it must give the same answer when asked again.
    """
    ids = {column.column_id for column in columns}
    ours, theirs = Party(sides[0], *deltas, ids), Party(sides[1], *deltas[::-1], ids)
    kept = (
        np.intersect1d(ours.updated, theirs.removed),
        np.intersect1d(theirs.updated, ours.removed),
    )
    touched = [
        key
        for key in columns.keys
        if ours.claims_anything(key, kept[0]) and theirs.claims_anything(key, kept[1])
    ]
    keys = [key for key in columns.keys if any(key.ids & other.ids for other in touched)]
    if not keys:
        return None
    return _Plan(ours, theirs, columns, table, resolver).run(keys, kept)


class _Plan:
    """One run."""

    def __init__(
        self, ours: Party, theirs: Party, columns: Columns, table: str, resolver: Resolver | None
    ) -> None:
        self._parties: dict[Which, Party] = {"ours": ours, "theirs": theirs}
        self._columns = columns
        self._by_id = {column.column_id: column for column in columns}
        self._table = table
        self._resolver = resolver
        self._claims: dict[Key, tuple[Claims, Claims]] = {}
        self._dropped: dict[Which, set[int]] = {"ours": set(), "theirs": set()}
        self._forced: dict[tuple[int, int], Which] = {}
        self._spots: dict[tuple[Which, int], Spot | None] = {}
        self._differing: dict[tuple[Key, int], list[Column]] = {}
        self._pairs: dict[int, list[tuple[Key, int, int]]] | None = None
        self._queue: deque[tuple[Key, int, int]] = deque()
        self._settled: set[tuple[object, ...]] = set()
        self._conflicts: list[Conflict] = []

    def run(self, keys: list[Key], kept: tuple[Ints, Ints]) -> KeyPlan | None:
        """Every pair of rows with one key, until none is left or all that are wait for answers."""
        for key in keys:
            self._claims[key] = claims_of(key, self._parties["ours"], self._parties["theirs"], kept)
        for key in keys:
            self._settle_parts(key)
        for key, claims in self._claims.items():
            found = pairs_of(*claims, claims[0].active, claims[1].active)
            found = self._without_equal(claims, found)
            self._queue += [(key, *self._ids(claims, pair)) for pair in found]
        while self._queue:
            key, mine, other = self._queue.popleft()
            if self._lives("ours", mine, key) and self._lives("theirs", other, key):
                self._settle(key, mine, other)
        for key in keys:
            self._check_values(key)
        plan = KeyPlan(
            _array(self._dropped["theirs"]), _array(self._dropped["ours"]),
            self._cells("ours"), self._cells("theirs"), tuple(self._conflicts),
        )  # fmt: skip
        return None if plan.does_nothing and not plan.conflicts else plan

    def _cells(self, which: Which) -> tuple[tuple[int, Ints], ...]:
        found: dict[int, set[int]] = {}
        for (column_id, row_id), side in self._forced.items():
            if side == which:
                found.setdefault(column_id, set()).add(row_id)
        return tuple((column_id, _array(rows)) for column_id, rows in found.items())

    @staticmethod
    def _ids(claims: tuple[Claims, Claims], pair: Pair) -> tuple[int, int]:
        return int(claims[0].rows.ids[pair.ours]), int(claims[1].rows.ids[pair.theirs])

    # --- rows that both added ---------------------------------------------------------------------

    def _without_equal(self, claims: tuple[Claims, Claims], pairs: list[Pair]) -> list[Pair]:
        """Leave theirs out where both added a row with the same value in every column."""
        mine, other = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
        new = claims[0].added[mine] & claims[1].added[other]
        new[new] = ~self._parties["theirs"].find(claims[0].rows.ids[mine[new]])[3]
        new[new] = ~self._parties["ours"].find(claims[1].rows.ids[other[new]])[3]
        left = np.flatnonzero(new)
        equal = np.zeros(len(pairs), np.bool_)
        for low in range(0, len(left), ROWS_AT_ONCE):
            those = left[low : low + ROWS_AT_ONCE]
            equal[self._equal(claims, mine, other, those)] = True
        for pair, same in zip(pairs, equal.tolist(), strict=True):
            if same:
                ids = self._ids(claims, pair)
                self._dropped["theirs"].add(ids[1])
                if self._resolver == "virtual":
                    self._dropped["ours"].add(ids[0])
        return [pair for pair, same in zip(pairs, equal.tolist(), strict=True) if not same]

    def _equal(self, claims: tuple[Claims, Claims], mine: Ints, other: Ints, those: Ints) -> Ints:
        """Which of some pairs are equal in all columns; large values are looked at last."""
        for column in sorted(self._columns, key=lambda c: is_media(c.layout)):
            if not len(those):
                break
            data = []
            for side, rows in zip(claims, (mine, other), strict=True):
                found = side.rows.where(rows[those])
                data.append(gathered(side.fragments, column, found.at, found.places))
            those = those[rows_equal(*data)]
        return those

    # --- one pair ---------------------------------------------------------------------------------

    def _lives(self, which: Which, row_id: int, key: Key) -> bool:
        """Whether the merged table has a row with the key that one side gives it."""
        if row_id in self._dropped[which]:
            return False
        rival = self._parties[OTHER[which]]
        if _holds(rival.removed, row_id):
            return self._is_kept(which, row_id)
        if self._spot(OTHER[which], row_id) is None:
            return True
        return all(self._source(c, row_id) == which for c in self._differ(key, row_id))

    def _is_kept(self, which: Which, row_id: int) -> bool:
        """Whether a row that the other side deleted stays, since this one changed it."""
        if self._resolver in ("ours", "theirs"):
            return self._resolver == which
        if not callable(self._resolver):
            return True
        delta = self._parties[which].delta
        conflict = row_dispute(self._table, self._by_id, delta, row_id, OTHER[which])
        answer = self._resolver(conflict)
        return answer is UNDECIDED or conflict.keeps_theirs(answer) == (which == "theirs")

    def _source(self, column: Column, row_id: int) -> Which | Any:
        """Whose cell of a key the merged row has; if it is neither's, its value in a tuple."""
        forced = self._forced.get((column.column_id, row_id))
        if forced is not None:
            return forced
        changed = [w for w in OTHER if self._changed(w, column, row_id)]
        if len(changed) == 1:
            return changed[0]
        if not callable(self._resolver):
            return "theirs" if self._resolver == "theirs" else "ours"
        ours, theirs = self._row("ours", row_id), self._row("theirs", row_id)
        base = None
        cells = self._parties["theirs"].delta.updated.get(column.column_id)
        if cells is not None and _holds(cells.ids, row_id):
            k = int(np.searchsorted(cells.ids, row_id))
            delta = self._parties["theirs"].delta
            base = Spot(delta.base[int(cells.base_at[k])], int(cells.base_places[k]))
        conflict = cell_dispute(self._table, column, row_id, base, ours, theirs)
        answer = self._resolver(conflict)
        if answer is UNDECIDED or conflict.chose(answer, "ours"):
            return "ours"
        return "theirs" if conflict.chose(answer, "theirs") else (answer,)

    def _changed(self, which: Which, column: Column, row_id: int) -> bool:
        """Whether a side wrote a cell since the base, rows that it added included."""
        updated = [p.delta.updated.get(column.column_id) for p in self._parties.values()]
        if not any(cells is not None and _holds(cells.ids, row_id) for cells in updated):
            return True  # added by both
        cells = self._parties[which].delta.updated.get(column.column_id)
        return cells is not None and _holds(cells.ids, row_id)

    def _differ(self, key: Key, row_id: int) -> list[Column]:
        """Columns of a key in which two versions of one row differ."""
        found = self._differing.get((key, row_id))
        if found is None:
            found = self._unequal(
                self._row("ours", row_id), self._row("theirs", row_id), key.columns
            )
            self._differing[key, row_id] = found
        return found

    @staticmethod
    def _unequal(ours: Spot, theirs: Spot, columns: Iterable[Column]) -> list[Column]:
        return [c for c in columns if not rows_equal(_cell(ours, c), _cell(theirs, c))[0]]

    def _spot(self, which: Which, row_id: int) -> Spot | None:
        if (which, row_id) not in self._spots:
            self._spots[which, row_id] = self._parties[which].spot(row_id)
        return self._spots[which, row_id]

    def _row(self, which: Which, row_id: int) -> Spot:
        spot = self._spot(which, row_id)
        assert spot is not None
        return spot

    # --- deciding ---------------------------------------------------------------------------------

    def _settle(self, key: Key, mine: int, other: int) -> None:
        """Two rows with one key: one of them does not get it."""
        new = self._is_new("ours", mine) and self._is_new("theirs", other)
        name: tuple[object, ...] = (mine, other) if new else (key, mine, other)
        if name in self._settled:
            return
        self._settled.add(name)
        if self._resolver == "virtual":  # neither, so that whoever chose one is seen to have chosen
            self._drop("ours", mine, key)
            self._drop("theirs", other, key)
            return
        keeps: bool | None = self._resolver == "theirs"
        if not isinstance(self._resolver, str):
            keeps = self._keeps_theirs(self._conflict(key, mine, other))
        if keeps is None:
            return
        if not (self._drop("ours", mine, key) if keeps else self._drop("theirs", other, key)):
            self._conflicts.append(_unsettled(self._conflict(key, mine, other)))

    def _keeps_theirs(self, conflict: Conflict) -> bool | None:
        """What was decided; a conflict that nobody decides is collected."""
        if isinstance(self._resolver, str):
            return self._resolver == "theirs"
        answer = UNDECIDED if self._resolver is None else self._resolver(conflict)
        if answer is UNDECIDED:
            self._conflicts.append(conflict)
            return None
        return conflict.keeps_theirs(answer)

    def _is_new(self, which: Which, row_id: int) -> bool:
        """Whether only that side has a row, and the base had it not."""
        rival = OTHER[which]
        gone = _holds(self._parties[rival].removed, row_id)
        return not gone and self._spot(rival, row_id) is None

    def _drop(self, which: Which, row_id: int, key: Key) -> bool:
        """A row does not get the key that one side gives it: as an existing row it has the other
        side's, else it stays out. False if that side's was given up before.
        """
        rival = OTHER[which]
        if self._spot(rival, row_id) is None:
            gone = _holds(self._parties[rival].removed, row_id)
            if not (gone and self._resolver == "virtual"):
                self._dropped[which].add(row_id)
            return True
        columns = self._differ(key, row_id)
        if any(self._forced.get((c.column_id, row_id)) == which for c in columns):
            return False
        for column in columns:
            both = all(self._changed(w, column, row_id) for w in OTHER)
            if not (both and self._resolver == "virtual"):
                self._forced[column.column_id, row_id] = rival
        self._queue += self._pairs_of(row_id)
        return True

    def _pairs_of(self, row_id: int) -> list[tuple[Key, int, int]]:
        """All pairs with a row, those too that clash only if a row keeps the key that it had."""
        if self._pairs is None:
            self._pairs = {}
            for key, claims in self._claims.items():
                every = [np.ones(len(c.hashes), np.bool_) for c in claims]
                for pair in pairs_of(*claims, *every):
                    ids = self._ids(claims, pair)
                    for each in ids:
                        self._pairs.setdefault(each, []).append((key, *ids))
        return self._pairs.get(row_id, [])

    def _conflict(self, key: Key, mine: int, other: int) -> Conflict:
        ours, theirs = self._row("ours", mine), self._row("theirs", other)
        shown = told(key, value_of(key, [_cell(ours, c) for c in key.columns], 0))
        message = f"{shown} is the key of row {other} of theirs too"
        return self._dispute(key, mine, ours, theirs, message, f"{other:x}-")

    def _dispute(
        self, key: Key, row_id: int, ours: Spot, theirs: Spot, message: str, name: str = ""
    ) -> Conflict:
        differ: list[Column] = []

        def read(side: str) -> Any:
            if side == "base":
                return None
            if not differ:
                differ.extend(self._unequal(ours, theirs, self._columns))
            return {c.name: (ours if side == "ours" else theirs).value(c) for c in differ}

        seen = b"".join(
            versions_at(s.fragment, c.column_id, np.array([s.place])).tobytes()
            for s in (ours, theirs)
            for c in self._columns
        )
        return Conflict(
            "key", self._table, row_id=row_id, column="/".join(key.names), read=read,
            message=message, token=f"{name}{crc32c(seen):08x}",
        )  # fmt: skip

    # --- keys that neither side has ---------------------------------------------------------------

    def _in_both(self, key: Key) -> list[int]:
        """Rows whose key both sides gave."""
        ours, theirs = self._claims[key]
        found: list[int] = np.intersect1d(ours.given, theirs.given).tolist()
        return found

    def _settle_parts(self, key: Key) -> None:
        """Of a key of several columns both sides changed, each another one: what comes of it is
        neither's, and one of the two is taken as a whole.
        """
        for row_id in self._in_both(key) if len(key.columns) > 1 else ():
            columns = self._differ(key, row_id)
            sources = [self._source(c, row_id) for c in columns]
            if len({s for s in sources if isinstance(s, str)}) < 2:
                continue
            ours, theirs = self._row("ours", row_id), self._row("theirs", row_id)
            if self._resolver == "virtual":
                for column, source in zip(columns, sources, strict=True):
                    if not all(self._changed(w, column, row_id) for w in OTHER):
                        self._forced[column.column_id, row_id] = OTHER[source]
                self._queue += self._pairs_of(row_id)
                continue
            message = "both sides changed the key, each another part of it"
            keeps = self._keeps_theirs(self._dispute(key, row_id, ours, theirs, message))
            for column in columns if keeps is not None else ():
                self._forced[column.column_id, row_id] = "theirs" if keeps else "ours"
            self._queue += self._pairs_of(row_id)

    def _check_values(self, key: Key) -> None:
        """Values that neither side has were chosen for the keys of some rows: no other row may
        have them.
        """
        if not callable(self._resolver):
            return
        chosen: dict[tuple[bytes, ...], int] = {}
        for row_id in self._in_both(key):
            sources = {c.column_id: self._source(c, row_id) for c in self._differ(key, row_id)}
            if all(isinstance(source, str) for source in sources.values()):
                continue
            data = [self._chosen(c, row_id, sources.get(c.column_id, "ours")) for c in key.columns]
            made = hashed(data)
            if made.valid is not None and not made.valid[0]:
                continue
            (cell,) = cells(data, np.zeros(1, np.int64))
            taken = chosen.setdefault(cell, row_id) != row_id or self._is_taken(key, data, row_id)
            if taken:
                ours, theirs = self._row("ours", row_id), self._row("theirs", row_id)
                message = f"{told(key, value_of(key, data, 0))} was chosen, which another row has"
                self._conflicts.append(self._dispute(key, row_id, ours, theirs, message, TAKEN))

    def _chosen(self, column: Column, row_id: int, source: Any) -> ColumnData:
        if isinstance(source, tuple):
            return column.type.normalise(list(source), column=column.name)
        return _cell(self._row(source, row_id), column)

    def _is_taken(self, key: Key, data: list[ColumnData], row_id: int) -> bool:
        """Whether the merged table gives a key to another row."""
        wanted = hashed(data).hashes[0]
        (cell,) = cells(data, np.zeros(1, np.int64))
        for which, claims in zip(OTHER, self._claims[key], strict=True):
            near = np.flatnonzero(claims.hashes == wanted)
            for k, found in zip(near.tolist(), claims.keys(near), strict=True):
                other = int(claims.rows.ids[k])
                if other != row_id and found == cell and self._lives(which, other, key):
                    return True
        side, theirs = self._parties["ours"].side, self._parties["theirs"]
        tree = TableTree(side.objects, side.head, [path[-1] for path in side.root])
        touched = np.union1d(self._claims[key][0].rows.ids, theirs.removed)
        for _, fragment in Candidates(side.objects, tree, key, data).found:
            known = hashed(keys_of(fragment, key))
            rows = known.rows()
            same = rows[known.hashes[rows] == wanted]
            same = same[~np.isin(fragment.live_ids()[same], touched)]
            if len(same) and cell in cells(keys_of(fragment, key, same), np.arange(len(same))):
                return True
        return False


def _unsettled(conflict: Conflict) -> Conflict:
    """A key that no answer settles: the row has no other key to fall back on."""
    return Conflict(
        "key", conflict.table, row_id=conflict.row_id, column=conflict.column,
        read=lambda side: getattr(conflict, side),
        message=f"{conflict.message}, and neither side's key of a row is free: change one first",
        token=f"{conflict.token}-none",
    )  # fmt: skip


def _cell(spot: Spot, column: Column) -> ColumnData:
    return values_at(spot.fragment, column, np.array([spot.place]))


def _holds(ids: Ints, row_id: int) -> bool:
    k = int(np.searchsorted(ids, row_id))
    return k < len(ids) and bool(ids[k] == row_id)


def _array(ids: set[int]) -> Ints:
    return np.array(sorted(ids), np.int64)
