"""Reading fragments that were changed: overlays laid over frames, deleted rows left out.

Everything above counts the rows that are left; below, frames count all rows that were written
(*places*). `EditedFrame` is where the two meet: one frame for all rows of a chunk.
"""

from __future__ import annotations

import os
from _thread import LockType, allocate_lock  # as threading.Lock, without the 0.6 ms of its module
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DamageError
from deeplake.loading import in_forked_child
from deeplake.table.frames import FixedFrame, Frame, elements, put_into
from deeplake.table.patch import Patch, among, holds, layered
from deeplake.table.pieces import PieceFrame
from deeplake.table.spare import SpareBytes
from deeplake.types.base import FixedData
from deeplake.types.data import put_rows, take_rows
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.fragments import Chunk
    from deeplake.types.base import ColumnData

    Rows = npt.NDArray[np.int64]
    Valid = npt.NDArray[np.bool_]
    Live = npt.NDArray[np.uint16]
    """Places of the rows that are left: a fragment has at most 65,536."""

SPARSE = 4
"""Rows are gathered one by one where their span is over so many times their number."""

RUN_BYTES_MIN = 16 << 10
"""Rows between deleted ones are copied as runs if these are so long on average: a run costs 0.45 us
beside its bytes, a row of 2 KB alone 0.05. 20,000 vectors of 2 KB with 500 gaps take 1.2 ms, one by
one 2.1, without gaps 1.2."""

RUNS_SHARE = 4
"""They are noted down if they are a 4th of that on average, since some are longer: that takes up to
3 % of the bytes of the column."""

WHOLE_BYTES_MAX = 1 << 20
"""Changed columns of a fragment up to this size are put together once: labels, not vectors."""

WHOLE_SHARE, SOURCES_SHARE = 4, 32
"""... when a 4th of their rows was asked for; where rows have their values is noted down after a
32nd: either costs less than what was read by then."""

VIEW_BYTES = 256
"""Memory of a view, about."""

SPARE = SpareBytes()
"""What all readers of changed fragments have together."""

in_forked_child(SPARE.after_fork_in_child)


class Runs(NamedTuple):
    """Rows whose places follow one another within one frame: what is copied at once."""

    starts: list[int]
    """The first row of each."""

    places: list[int]
    """Its place."""

    stops: list[int]
    """The place after its last row."""


class EditedFrame(Frame):
    """All rows of a chunk that are left, with the newest value of each.

    Args:
        base: the chunk as it was written.
        live: places of the rows that are left; None if all are.
        patch: new values by place, or None.
        spare: memory for what is made of them all, once many rows were asked for; by default that
            of all readers.
    """

    __slots__ = (
        "_asked",
        "_at",
        "_base",
        "_damaged",
        "_lent",
        "_live",
        "_lock",
        "_new",
        "_patch",
        "_process",
        "_rows",
        "_runs",
        "_sources",
        "_spare",
        "_values",
        "_views",
        "_whole",
    )  # fmt: skip

    straight = True

    def __init__(
        self,
        base: Chunk,
        live: Live | None,
        patch: Patch | None,
        spare: SpareBytes | None = None,
    ) -> None:
        self._base = base
        self._live = live
        self.valid = None
        self._spare, self._lent = SPARE if spare is None else spare, 0
        if patch is not None and live is not None:
            patch = among(patch, holds(live.astype(np.int64), patch.positions))
            patch = Patch(np.searchsorted(live, patch.positions), patch.data)
        self._patch = None if patch is None or not len(patch.positions) else patch
        self._at: list[int] | None = None
        self._values: PieceFrame | None = None
        written = base.starts[-1] + base.rows_of(len(base.starts) - 1)
        self._rows = written if live is None else len(live)
        self._process, self._lock = os.getpid(), allocate_lock()
        self._asked = 0
        """Rows asked for so far."""
        self._runs: Runs | None = None
        self._views: list[npt.NDArray[Any]] | None = None
        """These runs where their frames hold them."""
        self._new: npt.NDArray[Any] | None = None
        """New values, a row as one element."""
        self._whole: FixedData | None = None
        """All rows of a column of few bytes."""
        self._damaged = False
        """Whether some cannot be read: then all of them never are at once."""
        self._sources: npt.NDArray[np.int32] | None = None
        """Of each row its place, or -1 - k if it has new value k."""

    def __del__(self) -> None:
        if self._lent:
            self._spare.give_back(self._lent)

    @property
    def _positions(self) -> list[int]:
        """Rows with new values: bisecting a list takes a tenth of searching an array."""
        if self._at is None:
            self._at = [] if self._patch is None else self._patch.positions.tolist()
        return self._at

    def _patched(self, row: int) -> tuple[PieceFrame, int] | None:
        """The frame and row of a cell that has a new value."""
        if self._patch is None:
            return None
        if self._values is None:
            self._values = PieceFrame(self._patch.data)
        at = self._positions
        k = bisect_left(at, row)
        return (self._values, k) if k < len(at) and at[k] == row else None

    def cell(self, row: int) -> Any:
        """One raw cell."""
        new = self._patched(row)
        if new is not None:
            return new[0].cell(new[1])
        return self._base.cell(row if self._live is None else int(self._live[row]))

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell of a var column."""
        new = self._patched(row)
        if new is not None:
            return new[0].stored(new[1])
        return self._base.stored(row if self._live is None else int(self._live[row]))

    def nulls(self, rows: Rows) -> int:
        """NULLs among rows by position; reads no values but the new ones."""
        count = 0
        if self._patch is not None:
            new = holds(self._patch.positions, rows)
            valid = self._patch.data.valid
            if valid is not None:
                at = np.searchsorted(self._patch.positions, rows[new])
                count = int(new.sum()) - int(np.count_nonzero(valid[at]))
            rows = rows[~new]
        if not len(rows):
            return count
        places = rows if self._live is None else self._live[rows].astype(np.int64)
        return count + self._base.nulls(places)

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        if self._live is None:
            data = self._base.slice(low, high)
        else:
            data = self._gather(self._live[low:high].astype(np.int64))
        if self._patch is None:
            return data
        first, last = np.searchsorted(self._patch.positions, (low, high)).tolist()
        if first == last:
            return data
        new = np.arange(first, last)
        return put_rows(data, self._patch.positions[new] - low, take_rows(self._patch.data, new))

    def fill(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high of a fixed column, each copied once, straight into `out`."""
        whole = self._whole
        if whole is None:
            self._asked += high - low
            whole = self._together(out.nbytes // len(out))
        if whole is not None:
            out[...] = whole.values[low:high]
            return None if whole.valid is None else whole.valid[low:high]
        valid: Valid | None = None
        if self._views is None:
            valid = self._fill_written(low, high, out)
        else:
            self._fill_views(self._views, low, high, out)
        patch = self._patch
        if patch is None:
            return valid
        positions = self._at or self._positions
        first = bisect_left(positions, low)
        last = bisect_left(positions, high, first)
        if first < last:
            data, new = patch.data, patch.positions[first:last] - low
            if self._new is None:
                self._new = elements(data.values)  # type: ignore[union-attr]
            dtype = self._new.dtype
            room = out if dtype == out.dtype else elements(out, dtype)
            room[new] = self._new[first:last]
            if valid is not None or data.valid is not None:
                valid = np.ones(high - low, np.bool_) if valid is None else valid.copy()
                valid[new] = True if data.valid is None else data.valid[first:last]
        return valid

    def _alone(self) -> LockType:
        """Held by the thread that makes what is kept; new in a forked child, where it may be held
        by one that is not here.
        """
        if self._process != os.getpid():
            self._process, self._lock = os.getpid(), allocate_lock()
        return self._lock

    def _together(self, row_bytes: int) -> FixedData | None:
        """All rows, put together once a share of them was asked for; None if they are many bytes,
        or some are damaged: then reading fails at these.
        """
        if row_bytes * self._rows > WHOLE_BYTES_MAX or self._damaged:
            return None
        if self._whole is not None or self._asked * WHOLE_SHARE < self._rows:
            return self._whole
        with self._alone():
            size = (row_bytes + 1) * self._rows
            if self._whole is None and self._spare.lend(size):
                try:
                    found = self.slice(0, self._rows)
                    assert isinstance(found, FixedData)
                    self._whole = FixedData(found.values, found.valid)
                except DamageError:
                    self._damaged = True
                finally:
                    if self._whole is None:
                        self._spare.give_back(size)
                    else:
                        self._lent += size
        return self._whole

    def _fill_written(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high as their frames hold them, run by run if the runs are long."""
        runs = self._runs
        if runs is None:
            most = RUNS_SHARE * out.nbytes * self._rows // (len(out) * RUN_BYTES_MIN)
            runs = self._runs = _runs_of(self._live, self._base.starts, self._rows, most)
        if self._live is not None and not runs.starts:
            return self._fill_places(self._live[low:high], out)
        starts, row = runs.starts, low
        at, stop = bisect_right(starts, low) - 1, bisect_left(starts, high)
        if self._live is not None and out.nbytes < (stop - at - 1) * RUN_BYTES_MIN:
            return self._fill_places(self._live[low:high], out)
        views = self._views_kept(runs)
        if views is not None:
            self._fill_views(views, low, high, out)
            return None
        places, stops = runs.places[at:stop], runs.stops[at:stop]
        places[0] += low - starts[at]
        stops[-1] = places[-1] + high - max(starts[stop - 1], low)
        base, valid, done = self._base, None, 0
        while done < len(places):
            k = bisect_right(base.starts, places[done]) - 1
            start = base.starts[k]
            until = bisect_left(places, start + base.rows_of(k), done)
            end = starts[at + until] if at + until < stop else high
            some = _fill_runs(
                base.frame(k),
                [(a - start, z - start) for a, z in zip(places[done:until], stops[done:until])],  # noqa: B905 - equal by design
                out[row - low : end - low],
            )
            valid = _noted(valid, some, row - low, high - low)
            row, done = end, until
        return valid

    def _fill_views(
        self, views: list[npt.NDArray[Any]], low: int, high: int, out: npt.NDArray[Any]
    ) -> None:
        """Rows low:high out of all runs."""
        assert self._runs is not None
        starts = self._runs.starts
        first = bisect_right(starts, low) - 1
        stop = bisect_left(starts, high, first)
        cut = views[first:stop]
        cut[-1] = cut[-1][: high - starts[stop - 1]]
        cut[0] = cut[0][low - starts[first] :]
        np.concatenate(cut, out=out)

    def _views_kept(self, runs: Runs) -> list[npt.NDArray[Any]] | None:
        """The runs as views of their frames, made in a second pass over verified blocks, so
        that there is nothing left to do but to copy them; None where some may be NULL.
        """
        if self._asked <= self._rows:
            return None
        base = self._base
        frames = [base.frame(k) for k in range(len(base.starts))]
        for frame in frames:
            if (
                not isinstance(frame, FixedFrame)
                or frame.valid is not None
                or not frame.all_verified
            ):
                return None
        with self._alone():
            size = VIEW_BYTES * len(runs.starts)
            if self._views is None and self._spare.lend(size):
                self._lent += size
                made = []
                for place, stop in zip(runs.places, runs.stops, strict=True):
                    k = bisect_right(base.starts, place) - 1
                    start = base.starts[k]
                    made.append(frames[k].verified(place - start, stop - start))  # type: ignore[attr-defined]
                self._views = made
        return self._views

    def _fill_places(self, places: Live, out: npt.NDArray[Any]) -> Valid | None:
        """Ascending places, one by one."""
        base = self._base
        valid: Valid | None = None
        for k, a, z in base.runs(int(places[0]), int(places[-1]) + 1):
            start = base.starts[k]
            at, stop = np.searchsorted(places, (start + a, start + z)).tolist()
            if at < stop:
                inner = places[at:stop].astype(np.int64) - start
                some = taken_into(base.frame(k), inner, out[at:stop], None)
                valid = _noted(valid, some, at, len(places))
        return valid

    def take_into(self, rows: Rows, out: npt.NDArray[Any], at: Rows | None) -> Valid | None:
        """Rows of a fixed column by position straight into `out[at]`, or into all of `out`, in
        order; which of them are not NULL.
        """
        self._asked += len(rows)
        whole = self._together(out.nbytes // len(out))
        if whole is not None:
            put_into(out, at, whole.values, rows)
            return None if whole.valid is None else whole.valid[rows]
        places, is_new, values = self._found(rows)
        valid: Valid | None = None
        if is_new is None:
            return self._take_written(places, out, at)
        new = np.flatnonzero(is_new)
        if len(new) < len(rows):
            # Any other place will do where a new value is put: mostly one that is read anyway.
            places[new] = places[int(is_new.argmin())]
            valid = self._take_written(places, out, at)
        assert self._patch is not None
        data = self._patch.data
        put_into(out, new if at is None else at[new], data.values, values)  # type: ignore[union-attr]
        if valid is not None or data.valid is not None:
            valid = np.ones(len(rows), np.bool_) if valid is None else valid
            valid[new] = True if data.valid is None else data.valid[values]
        return valid

    def _found(self, rows: Rows) -> tuple[Rows, Valid | None, Rows]:
        """The places of rows, which of them have new values (None if none has), and which ones."""
        patch, live, sources = self._patch, self._live, self._sources_kept()
        if patch is None:
            places = rows if live is None else live[rows].astype(np.int64)
            return places, None, rows
        if sources is not None:
            places = sources[rows].astype(np.int64)
            is_new: Valid = places < 0
            values = ~places[is_new]
        else:
            is_new = holds(patch.positions, rows)
            values = np.searchsorted(patch.positions, rows[is_new])
            places = rows.copy() if live is None else live[rows].astype(np.int64)
        return places, is_new if len(values) else None, values

    def _sources_kept(self) -> npt.NDArray[np.int32] | None:
        """Where each row has its value, reckoned once a share of the rows was asked for: looking
        a row up takes 1 ns, searching it among the new values 40.
        """
        if self._sources is not None or self._asked * SOURCES_SHARE < self._rows:
            return self._sources
        if self._patch is None:
            return None
        with self._alone():
            size = 4 * self._rows
            if self._sources is None and self._spare.lend(size):
                self._lent += size
                made = np.arange(self._rows) if self._live is None else self._live
                sources = made.astype(np.int32)
                sources[self._patch.positions] = -1 - np.arange(len(self._patch.positions))
                self._sources = sources
        return self._sources

    def _take_written(self, places: Rows, out: npt.NDArray[Any], at: Rows | None) -> Valid | None:
        """Places as their frames hold them."""
        parts = self._base.parts(places)
        if len(parts) == 1:
            return taken_into(self._base.frame(parts[0][0]), parts[0][1], out, at)
        valid: Valid | None = None
        for k, inner, to in parts:
            some = taken_into(self._base.frame(k), inner, out, to if at is None else at[to])
            if some is not None:
                valid = np.ones(len(places), np.bool_) if valid is None else valid
                valid[to] = some
        return valid

    def _gather(self, places: Rows) -> ColumnData:
        """Ascending places: cut out of one run where they lie close together."""
        first, last = int(places[0]), int(places[-1]) + 1
        if last - first == len(places):
            return self._base.slice(first, last)
        if last - first <= SPARSE * len(places):
            return take_rows(self._base.slice(first, last), places - first)
        return self._base.take(places)

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position."""
        places = rows if self._live is None else self._live[rows].astype(np.int64)
        data = self._base.take(places)
        if self._patch is None:
            return data
        at = np.flatnonzero(holds(self._patch.positions, rows))
        if not len(at):
            return data
        new = np.searchsorted(self._patch.positions, rows[at])
        return put_rows(data, at, take_rows(self._patch.data, new))


def patched(patches: Sequence[Patch]) -> Patch | None:
    """Overlays and staged values of one chunk as one patch."""
    return layered(patches) if patches else None


def _runs_of(live: Live | None, starts: list[int], rows: int, most: int) -> Runs:
    """The runs of all rows, cut where frames start; none if they are more than `most`."""
    if live is None:
        return Runs(starts, list(starts), [*starts[1:], rows])
    begins = np.diff(live.astype(np.int64), prepend=-2) != 1
    frames = np.searchsorted(live, starts)
    begins[frames[frames < rows]] = True
    cuts = np.flatnonzero(begins)  # np.union1d would load numpy.ma, 8 ms
    if len(cuts) > most:
        return Runs([], [], [])
    last = np.append(cuts[1:], rows) - 1
    return Runs(cuts.tolist(), live[cuts].tolist(), (live[last].astype(np.int64) + 1).tolist())


def _fill_runs(frame: Frame, runs: list[tuple[int, int]], out: npt.NDArray[Any]) -> Valid | None:
    """Runs of rows of a frame, one after another, into all of `out`."""
    if len(runs) == 1:
        return frame.fill(*runs[0], out)
    if isinstance(frame, FixedFrame):
        return frame.fill_runs(runs, out)
    return taken_into(frame, np.concatenate([np.arange(a, z) for a, z in runs]), out, None)


def taken_into(frame: Frame, rows: Rows, out: npt.NDArray[Any], at: Rows | None) -> Valid | None:
    """Rows of a frame of a fixed column into `out[at]`, or into all of `out`, in order; which of
    them are not NULL.
    """
    if isinstance(frame, EditedFrame):
        return frame.take_into(rows, out, at)
    if isinstance(frame, FixedFrame):
        frame.take_into(rows, out, at)
        return None if frame.valid is None else frame.valid[rows]
    data = frame.take(rows)
    assert isinstance(data, FixedData)
    out[slice(None) if at is None else at] = data.values
    return data.valid


def _noted(valid: Valid | None, some: Valid | None, at: int, rows: int) -> Valid | None:
    """Which of `rows` are not NULL, with what is known of some of them from `at` on."""
    if some is None:
        return valid
    if valid is None and len(some) == rows:
        return some
    whole = np.ones(rows, np.bool_) if valid is None else valid
    whole[at : at + len(some)] = some
    return whole
