"""batches() and pytorch(), offered alike by datasets and views."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.loaders.numpy import NumpyLoader
    from deeplake.loaders.source import RowSource
    from deeplake.loaders.torch import TorchLoader


class Streamed:
    """Rows that can be streamed in batches."""

    __slots__ = ()

    def _source(self, doing: str) -> RowSource:
        """The rows to stream, pinned.

        Raises:
            StagedChangesError: naming what is being done.
        """
        raise NotImplementedError

    def batches(
        self,
        batch_size: int = 64,
        *,
        shuffle: bool | str = False,
        seed: int = 0,
        columns: Sequence[str] | None = None,
        drop_last: bool = False,
    ) -> NumpyLoader:
        """Batches as dicts of NumPy arrays (lists where rows do not stack), at this commit.

        Args:
            batch_size: rows of a batch; the last of an epoch may have fewer.
            shuffle: False for the order of the rows, True or "full" for a new order each epoch.
            seed: the same seed and epoch give the same order everywhere.
            columns: names, in the order wanted; None for all.
            drop_last: leave out a last batch that is not full.

        Raises:
            StagedChangesError, ColumnNotFoundError, InputError: before anything is read.
        """
        from deeplake.loaders.numpy import NumpyLoader

        return NumpyLoader(
            self._source("batches()"),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            columns=columns,
            drop_last=drop_last,
        )

    def pytorch(
        self,
        batch_size: int = 64,
        *,
        shuffle: bool | str = False,
        seed: int = 0,
        columns: Sequence[str] | None = None,
        drop_last: bool = False,
    ) -> TorchLoader:
        """Batches as dicts of torch tensors, at this commit; iterate it, no DataLoader needed.

        Arguments as in `batches`.

        Raises:
            DependencyError: torch is not installed.
            StagedChangesError, ColumnNotFoundError, InputError: before anything is read.
        """
        from deeplake.loaders.torch import TorchLoader

        return TorchLoader(
            self._source("pytorch()"),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            columns=columns,
            drop_last=drop_last,
        )
