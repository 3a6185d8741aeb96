"""Reading slabs: a few batches' rows at once, in order, ahead of time where that pays.

A slab is gathered into memory of its own and cut into batches, which are views of it and never
of a file. Raw columns of a local store are read in the caller's thread: handing a batch over
costs more than copying it. A bounded pool of threads starts only if a column decodes media or
the source is remote; it ends with the iteration, however that ends.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import pairwise
from threading import current_thread  # at exit, when a loader left half read ends, it is too late
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.loaders.ahead import Ahead, spare_processor
from deeplake.loaders.collate import row_bytes
from deeplake.loaders.memory import SlabMemory
from deeplake.types.base import FixedLayout
from deeplake.types.data import slice_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor

    import numpy.typing as npt

    from deeplake.loaders.collate import Form, Values
    from deeplake.loaders.order import Order
    from deeplake.loaders.shard import Shard
    from deeplake.loaders.source import Rows, RowSource
    from deeplake.types.base import ColumnData, ColumnType

    Finish = Callable[[], list[Values]]

THREAD_NAME = "deeplake-loader"


class Slab(NamedTuple):
    """Rows of several steps; step k is rows[cuts[k]:cuts[k + 1]], its last `padding[k]` repeats."""

    rows: Rows
    cuts: list[int]
    padding: list[int]

    def steps(self) -> Iterator[Slab]:
        """Each step as a slab of its own."""
        for (low, high), padding in zip(pairwise(self.cuts), self.padding, strict=True):
            yield Slab(self.rows[low:high], [0, high - low], [padding])


# --- what to read ---------------------------------------------------------------------------


def slabs(order: Order, shard: Shard, steps_each: int) -> Iterator[Slab]:
    """The slabs of one rank's epoch, `steps_each` steps in each but the last."""
    at_once = max(settings.ORDER_ROWS // (shard.batch_size * steps_each), 1) * steps_each
    for start in range(0, shard.steps, at_once):
        part = shard.part(start, min(start + at_once, shard.steps))
        rows, cuts = order.at(part.positions), part.cuts
        for k in range(0, len(part.padding), steps_each):
            edges = cuts[k : k + steps_each + 1]
            low = edges[0]
            inner = [edge - low for edge in edges] if low else edges
            padding = part.padding[k : k + steps_each]
            yield Slab(rows[low : edges[-1]], inner, padding)


def steps_per_slab(forms: Sequence[Form], batch_size: int, *, shuffled: bool) -> int:
    """Batches read at once: a megabyte or two of raw rows; where media decode, few and soon."""
    if any(form.decodes for form in forms):
        rows = 4 * settings.DECODE_ROWS
    else:
        each = row_bytes([form.type.layout for form in forms])
        size = settings.SLAB_SHUFFLED_BYTES if shuffled else settings.SLAB_BYTES
        rows = min(size // each, settings.SLAB_ROWS_MAX)
    return max(rows // batch_size, 1)


# --- reading it -----------------------------------------------------------------------------


class SlabReader:
    """Reads slabs of some columns of a source.

    Args:
        source: where rows are.
        forms: the columns, in the order of the values returned.
        batch_size: rows of a step.
        shuffled: whether rows are asked for out of order.
    """

    def __init__(
        self, source: RowSource, forms: Sequence[Form], batch_size: int, *, shuffled: bool
    ) -> None:
        self._source = source
        self._forms = forms
        self.steps_each = steps_per_slab(forms, batch_size, shuffled=shuffled)
        self._memory = [_memory_of(form, self.steps_each * batch_size) for form in forms]
        decodes = any(form.decodes for form in forms)
        cores = os.cpu_count() or 1
        self.threads = 0
        self._ahead = 0
        if source.remote:
            self.threads = settings.LOADER_THREADS_MAX
            self._ahead = settings.SLABS_AHEAD
        if decodes:
            self.threads = max(self.threads, min(cores, settings.LOADER_THREADS_MAX))
            rows = self.threads * settings.DECODE_ROWS
            self._ahead = max(self._ahead, 2 + rows // (batch_size * self.steps_each))

    def read(self, slab: Slab) -> list[Values]:
        """The values of every column, read in this thread."""
        return [
            form.values(
                self._source.read(form.name, slab.rows, None if memory is None else memory.take())
            )
            for form, memory in zip(self._forms, self._memory, strict=True)
        ]

    def ordered(self, wanted: Iterator[Slab]) -> Iterator[tuple[Slab, Finish]]:
        """Each slab with the call that waits for its values, in order, read ahead if that pays.

        That call raises what reading raised. Closing the iterator ends its threads.
        """
        if not self.threads:
            yield from self._in_turn(wanted)
            return
        from collections import deque
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(self.threads, thread_name_prefix=THREAD_NAME)
        under_way: deque[tuple[Slab, Finish]] = deque()
        try:
            for slab in wanted:
                under_way.append((slab, self._begin(slab, pool)))
                if len(under_way) > self._ahead:
                    yield under_way.popleft()
            while under_way:
                yield under_way.popleft()
        finally:
            # Collected as garbage by one of its own threads, a pool cannot wait for itself.
            pool.shutdown(wait=not _is_worker(), cancel_futures=True)

    def _in_turn(self, wanted: Iterator[Slab]) -> Iterator[tuple[Slab, Finish]]:
        """Each slab with the call that reads it, checksums compared ahead where that pays."""
        ahead, first = None, True
        try:
            for slab in wanted:
                if first and type(slab.rows) is range:
                    ahead = self._ahead_of(slab.rows)
                first = False
                if ahead is not None:
                    ahead.reached(slab.rows[0])
                yield slab, partial(self.read, slab)
        finally:
            if ahead is not None:
                ahead.close()

    def _ahead_of(self, rows: range) -> Ahead | None:
        """What verifies ahead of a pass that begins with these rows; None if they are verified."""
        columns, each = [], 0
        for form in self._forms:
            size = row_bytes([form.type.layout])
            if (
                isinstance(form.type.layout, FixedLayout)
                and size >= settings.VERIFIED_AHEAD_ROW_MIN
            ):
                columns.append(form.name)
                each += size
        if self._source.rows * each < 2 * settings.VERIFIED_AHEAD_BYTES:
            return None
        if not any(self._source.unverified(name, rows) for name in columns):
            return None
        if not spare_processor():
            return None
        return Ahead(self._source, columns, len(rows), each)

    def _begin(self, slab: Slab, pool: ThreadPoolExecutor) -> Finish:
        reads = [pool.submit(self._task, form, slab.rows, pool) for form in self._forms]
        return lambda: [_finished(read.result()) for read in reads]

    def _task(self, form: Form, rows: Rows, pool: ThreadPoolExecutor) -> Values | Decoding:
        data = self._source.read(form.name, rows)
        return decoding(form, data, len(rows), pool) if form.decodes else form.values(data)


def _memory_of(form: Form, rows: int) -> SlabMemory | None:
    """Memory for a column whose slabs are cut into views; None for others."""
    layout = form.type.layout
    if not form.array or not isinstance(layout, FixedLayout):
        return None
    return SlabMemory((rows, *layout.shape), np.dtype(layout.dtype))


class Decoding(NamedTuple):
    """Media being decoded: into `slots` if rows stack, else part by part into lists."""

    slots: npt.NDArray[Any] | None
    parts: list[Future[list[Any] | None]]


def decoding(form: Form, data: ColumnData, rows: int, pool: ThreadPoolExecutor) -> Decoding:
    """Begin to decode all rows, a few in each task; does not wait."""
    slots = None if form.nullable else form.type.slots(data)
    parts = []
    for low in range(0, rows, settings.DECODE_ROWS):
        high = min(low + settings.DECODE_ROWS, rows)
        room = None if slots is None else slots[low:high]
        parts.append(pool.submit(_decode, form.type, slice_rows(data, low, high), room))
    return Decoding(slots, parts)


def _decode(
    type_: ColumnType, data: ColumnData, slots: npt.NDArray[Any] | None
) -> list[Any] | None:
    if slots is None:
        return type_.values(data)
    type_.fill(data, slots)
    return None


def _finished(found: Values | Decoding) -> Values:
    if not isinstance(found, Decoding):
        return found
    parts = [part.result() for part in found.parts]
    if found.slots is not None:
        return found.slots
    return [value for part in parts if part is not None for value in part]


def _is_worker() -> bool:
    return current_thread().name.startswith(THREAD_NAME)
