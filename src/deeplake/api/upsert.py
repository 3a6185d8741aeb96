"""upsert: rows whose key is there are updated, the others appended; all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.left_out import with_defaults
from deeplake.api.write import as_data, define, renumbered, sliced
from deeplake.errors import (
    InputError,
    InvalidValueError,
    NullValueError,
    UniqueViolationError,
)
from deeplake.ingest.rows import Ragged, batches
from deeplake.table.columns import Key, can_be_key, common_rows
from deeplake.table.key_values import (
    hashed,
    is_exact,
    refuse_odd,
    repeated,
    told,
    value_of,
    violation,
)
from deeplake.types.base import FixedData
from deeplake.types.data import put_rows, take_rows
from deeplake.types.named import NamedTuple
from deeplake.types.rows import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Data = dict[str, ColumnData]
    Mask = npt.NDArray[np.bool_]
    Named = Mapping[str, Mask]
    """Column -> which rows name it, of columns that not all rows of a batch do."""


class Upserted(NamedTuple):
    """How many rows were there already, whether or not they changed, and how many came."""

    updated: int
    inserted: int


def upsert(session: Session, rows: Any, on: str | Sequence[str] | None) -> Upserted:
    """Stage rows by key; all of them or, if anything raises, none.

    Raises:
        InputError: no key is named and the table has none, or a row lacks it.
        UniqueViolationError: a key comes twice, in `rows` or in the table.
        InvalidValueError, ColumnNotFoundError, ReadOnlyError
    """
    session.writable()
    source = batches(rows)
    with session.writing:
        if session.defined:
            return _staged(session, None, source, on)
        first = next(source, None)
        if first is None:
            return Upserted(0, 0)
        define(session, first)
        try:
            return _staged(session, first, source, on)
        except BaseException:
            session.rollback()  # the schema came from these rows
            raise


def _staged(session: Session, first: Any, source: Any, on: str | Sequence[str] | None) -> Upserted:
    work = _Upsert(session, _key(session, on))

    def stage() -> None:
        for batch in [] if first is None else [first]:
            work.stage(batch)
        for batch in source:
            work.stage(batch)

    session.stage_atomically(stage)
    return Upserted(work.updated, work.inserted)


def _key(session: Session, on: str | Sequence[str] | None) -> Key:
    """The columns that rows are matched by.

    Raises:
        InputError: none are named and there is no primary key, or one cannot be a key.
        ColumnNotFoundError
    """
    columns = session.columns
    if on is None:
        names = [column.name for column in columns if column.primary_key]
        if not names:
            raise InputError(
                f"table {session.table!r} has no primary key to match rows by.",
                hint="Say which column names a row: upsert(rows, on='id').",
            )
    else:
        names = [on] if isinstance(on, str) or not isinstance(on, Iterable) else [*on]
        if not all(isinstance(name, str) for name in names):
            raise InputError(f"on={on!r} is no name of a column, nor several of them.")
        if not names or len(set(names)) < len(names):
            raise InputError(f"on={on!r} names no columns, or one twice.")
    found = tuple(columns.get(name) for name in names)
    for column in found:
        if not can_be_key(column.type):
            raise InputError(
                f"rows cannot be matched by column {column.name!r}: it is {column.type}.",
                hint="Keys are numbers, bool, text, blob, uuid, decimal, dates and times.",
            )
    return Key(found)


class _Upsert:
    """One call: batches come one by one, and no key may come twice in all of them."""

    def __init__(self, session: Session, key: Key) -> None:
        self._session = session
        self._key = key
        self._seen = np.zeros(0, np.int64)
        """Positions of rows that this call has written; ascending. Upserts delete nothing."""
        self._row = 0
        """Rows of earlier batches: errors count all that was given."""
        self.updated = 0
        self.inserted = 0

    def stage(self, batch: Any) -> None:
        """Match a batch and stage it."""
        for part in sliced(batch):
            data = as_data(self._session.columns, part)
            rows = common_rows(data)
            try:
                self._stage(data, rows, part.named if isinstance(part, Ragged) else {})
            except (InvalidValueError, UniqueViolationError) as error:
                if error.row is not None and self._row:
                    raise renumbered(error, error.row + self._row) from error.__cause__
                raise
            self._row += rows

    def _stage(self, data: Data, rows: int, named: Named) -> None:
        keys = self._keys(data)
        for name, given in data.items():
            column = self._session.columns.get(name)
            if column.not_null:
                _refuse_null(column, given, "NULL in a not_null column", named.get(name))
        which, positions = self._session.match(self._key, keys)
        self._refuse_many(keys, which, positions)
        self._refuse_seen(keys, which, positions)
        start = self._session.rows
        if len(which):
            self._update(data, which, positions, named)
        rest = np.setdiff1d(np.arange(rows), which)
        if len(rest):
            self._insert(data, rest, named)
        come = np.arange(start, start + len(rest))
        self._seen = np.union1d(self._seen, np.concatenate([positions, come]))
        self.updated += len(which)
        self.inserted += len(rest)

    def _keys(self, data: Data) -> list[ColumnData]:
        """The key's columns of a batch.

        Raises:
            InputError: a column is missing.
            InvalidValueError: NULL or NaN in one.
            UniqueViolationError: a key that comes twice.
        """
        missing = [name for name in self._key.names if name not in data]
        if missing:
            raise InputError(
                f"the rows have no column {missing[0]!r}, by which they are matched.",
                hint="Pass the key with every row.",
            )
        found = [data[name] for name in self._key.names]
        for column, one in zip(self._key.columns, found, strict=True):
            _refuse_null(column, one, "NULL in the key that rows are matched by")
        refuse_odd(self._key, found)
        row = repeated(found, hashed(found), exact=is_exact(self._key))
        if row is not None:
            raise violation(self._key, found, row, twice=True)
        return found

    def _refuse_many(self, keys: list[ColumnData], which: Ints, positions: Ints) -> None:
        """Refuse a key that several rows of the table have."""
        order = np.argsort(which, kind="stable")
        again = which[order][1:] == which[order][:-1]
        if again.any():
            at = int(again.argmax())
            row, first, second = which[order[at]], positions[order[at]], positions[order[at + 1]]
            value = told(self._key, value_of(self._key, keys, int(row)))
            raise InputError(
                f"upsert by {', '.join(map(repr, self._key.names))} is ambiguous: rows {first} and "
                f"{second} of table {self._session.table!r} both have {value}.",
                hint="Match by columns that name one row each, or delete one of the two.",
            )

    def _refuse_seen(self, keys: list[ColumnData], which: Ints, positions: Ints) -> None:
        """Refuse a key that came in an earlier batch of the same call."""
        again = np.isin(positions, self._seen)
        if again.any():
            raise violation(self._key, keys, int(which[again].min()), twice=True)

    # --- staging ----------------------------------------------------------------------------

    def _update(self, data: Data, which: Ints, positions: Ints, named: Named) -> None:
        """Stage what differs; columns of keys all at once, since they are checked together."""
        session = self._session
        checked = frozenset[int]().union(*(key.ids for key in session.columns.keys))
        together: dict[int, ColumnData] = {}
        for name, given in data.items():
            if name in self._key.names:
                continue
            column, new = session.columns.get(name), take_rows(given, which)
            differ = self._differing(column, new, positions)
            if name in named:
                kept = np.flatnonzero(~named[name][which])
                differ = np.setdiff1d(differ, kept, assume_unique=True)
                if column.column_id in checked and len(kept):
                    new = put_rows(new, kept, session.reader(name).take(positions[kept]))
            if column.column_id in checked:
                together |= {column.column_id: new} if len(differ) else {}
            elif len(differ) == len(which):
                session.update(positions, {column.column_id: new}, within=True)
            elif len(differ):
                part = {column.column_id: take_rows(new, differ)}
                session.update(positions[differ], part, within=True)
        if together:
            try:
                session.update(positions, together, within=True)
            except (InvalidValueError, UniqueViolationError) as error:
                raise renumbered(error, int(which[error.row or 0])) from error.__cause__

    def _differing(self, column: Column, new: ColumnData, positions: Ints) -> Ints:
        """Rows whose value is another one; those of wide columns are not read to find out."""
        whole = np.arange(len(positions))
        if not isinstance(new, FixedData) or new.values.ndim > 1:
            return whole
        old = self._session.reader(column.name).take(positions)
        assert isinstance(old, FixedData)
        had, has = (
            np.ones(len(positions), np.bool_) if one.valid is None else one.valid
            for one in (old, new)
        )
        kind = f"u{new.values.dtype.itemsize}"  # as bytes: -0.0 is not 0.0, NaN is NaN
        same = (old.values.view(kind) == new.values.view(kind)) & (had == has)
        return np.flatnonzero(~same)

    def _insert(self, data: Data, rest: Ints, named: Named) -> None:
        session = self._session
        try:
            new = {name: take_rows(given, rest) for name, given in data.items()}
            masks = {name: mask[rest] for name, mask in named.items()}
            batch, rows = session.fit(with_defaults(session, new, masks))
            session.stage(batch, rows)
        except (InvalidValueError, UniqueViolationError) as error:
            raise renumbered(error, int(rest[error.row or 0])) from error.__cause__


def _refuse_null(column: Column, data: ColumnData, detail: str, named: Mask | None = None) -> None:
    bad = None if data.valid is None else ~data.valid
    bad = bad if bad is None or named is None else bad & named
    if bad is not None and bad.any():
        row = int(bad.argmax())
        hint = "Give it a value."
        raise refusal(NullValueError, detail, column=column.name, row=row, hint=hint)
