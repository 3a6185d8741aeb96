"""What every loader is, whatever its tensors are: a sequence of epochs over a pinned source."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DeeplakeError
from deeplake.loaders.arguments import COUNTER_MAX, chosen_columns, whole_number
from deeplake.loaders.collate import ALL_KINDS, NO_DTYPES, form_of
from deeplake.loaders.order import SEQUENTIAL, Order, order_name
from deeplake.loaders.prefetch import SlabReader, slabs
from deeplake.loaders.shard import shard_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.loaders.collate import Form, Values
    from deeplake.loaders.prefetch import Slab
    from deeplake.loaders.source import RowSource

PADDING_MARK = "_valid"
"""Column of bools that marks padding as False, where ranks are padded."""


class Loader:
    """Batches of a source, epoch after epoch; each `iter()` is one pass.

    Args:
        source: the rows; what it returns never changes.
        batch_size: rows of a batch; the last of an epoch may have fewer.
        shuffle: False for the order of the rows, True or "full" for a new order each epoch.
        seed: 0 <= seed < 2**64; the same seed and epoch give the same order everywhere.
        columns: names, in the order wanted; None for all.
        drop_last: leave out a last batch that is not full.

    Raises:
        ColumnNotFoundError, InputError: before anything is read.

    A pass takes the epoch that is set when it begins, and completing it sets the next one. A
    pass that is left early completes nothing, so the next one repeats its order: call
    `set_epoch` first where epochs are cut short.

    A loader is pickled as the place it reads, with its options and epoch: the copy opens the
    commit anew.
    """

    kinds = ALL_KINDS
    dtypes = NO_DTYPES
    """What the framework wants of columns: see `form_of`."""

    def __init__(
        self,
        source: RowSource,
        *,
        batch_size: int = 64,
        shuffle: bool | str = False,
        seed: int = 0,
        columns: Sequence[str] | None = None,
        drop_last: bool = False,
    ) -> None:
        self._source = source
        self._names = chosen_columns(columns, source.types)
        self._shard = shard_of(source.rows, batch_size=batch_size, drop_last=drop_last)
        self._order = order_name(shuffle)
        self._shuffle = shuffle
        self._seed = whole_number("seed", seed, 0, COUNTER_MAX)
        self._epoch = 0
        self._reader: SlabReader | None = None
        self._forms: list[Form] = []

    @property
    def epoch(self) -> int:
        """The epoch that the next pass takes."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next pass.

        Raises:
            InputError: unless 0 <= epoch < 2**64.
        """
        self._epoch = whole_number("epoch", epoch, 0, COUNTER_MAX)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._shard.steps

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """One pass.

        Raises:
            DamageError, MediaError: when the batch that it concerns is reached; the message
                begins with column and row, which are also its `column` and `row`.
            StoreError: likewise, without them.
        """
        epoch = self._epoch
        reader = self._open()
        order = Order(self._source.rows, seed=self._seed, epoch=epoch, shuffle=self._shuffle)
        under_way = reader.ordered(slabs(order, self._shard, reader.steps_each))
        try:
            for slab, finish in under_way:
                try:
                    batches = self._batches(slab, finish())
                except DeeplakeError:  # read it again step by step, to fail at the right one
                    for step in slab.steps():
                        yield from self._batches(step, self._read_alone(reader, step))
                    continue
                yield from batches
                del batches  # its slab's memory is used again for the next but one
        finally:
            under_way.close()  # type: ignore[attr-defined]
        if self._epoch == epoch:  # else set_epoch() was called meanwhile
            self._epoch = epoch + 1

    def _open(self) -> SlabReader:
        """The reader, made at the first pass: only then are NULLs looked up."""
        if self._reader is None:
            source = self._source
            self._forms = [
                form_of(
                    name,
                    source.types[name],
                    nulls=source.nulls(name),
                    kinds=self.kinds,
                    dtypes=self.dtypes,
                )
                for name in self._names
            ]
            shuffled = self._order != SEQUENTIAL
            size = self._shard.batch_size
            self._reader = SlabReader(source, self._forms, size, shuffled=shuffled)
        return self._reader

    def _read_alone(self, reader: SlabReader, step: Slab) -> list[Values]:
        """One step, read again after its slab failed."""
        try:
            return reader.read(step)
        except DeeplakeError as error:
            from deeplake.loaders.blame import located

            placed = located(error, self._source, self._forms, step.rows)
            if placed is error:
                raise
            raise placed from placed.__cause__

    def _batches(self, slab: Slab, values: list[Values]) -> list[dict[str, Any]]:
        """The batches of a slab; arrays are cut into views, lists turned into batches."""
        names = self._names
        cuts = slab.cuts
        parts = [
            self._cut(column, cuts) if isinstance(column, np.ndarray)
            else [self._listed(form, column[low:high]) for low, high in pairwise(cuts)]
            for form, column in zip(self._forms, values, strict=True)
        ]  # fmt: skip
        if self._shard.pads:
            names = [*names, PADDING_MARK]
            parts.append([self._mark(slab, k) for k in range(len(slab.padding))])
        return [dict(zip(names, batch)) for batch in zip(*parts)]  # noqa: B905 - equal by design

    def _mark(self, slab: Slab, step: int) -> Any:
        valid = np.ones(slab.cuts[step + 1] - slab.cuts[step], np.bool_)
        valid[len(valid) - slab.padding[step] :] = False
        return self._cut(valid, [0, len(valid)])[0]

    def _cut(self, array: npt.NDArray[Any], cuts: list[int]) -> Sequence[Any]:
        """Views of an array, one for each batch, as this loader's tensors."""
        raise NotImplementedError

    def _listed(self, form: Form, rows: list[Any]) -> Any:
        """One batch from a list of values."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as a place: what is read, the options, the epoch. No rows, no threads."""
        options = {
            "batch_size": self._shard.batch_size,
            "shuffle": self._shuffle,
            "seed": self._seed,
            "columns": self._names,
            "drop_last": self._shard.drop_last,
        }
        return _again, (type(self), self._source, options, self._epoch)

    def __repr__(self) -> str:
        shard = self._shard
        order = "in order" if self._order == SEQUENTIAL else f"shuffled ({self._order})"
        return (
            f"<{type(self).__name__}: {self._source.rows:,} rows of {self._source.name} in "
            f"{shard.steps:,} batches of {shard.batch_size:,}, {order}, seed {self._seed}, "
            f"epoch {self._epoch}; {', '.join(self._names)}>"
        )


def _again(kind: type[Loader], source: RowSource, options: dict[str, Any], epoch: int) -> Loader:
    loader = kind(source, **options)
    loader.set_epoch(epoch)
    return loader
