"""Batches as dicts of torch tensors: the one home of torch."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DependencyError, StateError
from deeplake.loaders.loader import Loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    import numpy.typing as npt

    from deeplake.loaders.collate import Form
    from deeplake.loaders.source import RowSource


class TorchLoader(Loader):
    """See `Loader`. A batch is a dict of column name -> values:

    - a tensor (rows, *shape) for bools, numbers, vectors and tensors of fixed shape, of the
      column's dtype; class labels are int64, as torch's losses take them;
    - uint8 (rows, height, width, channels) for images, a list of tensors where shapes differ;
    - a list of Python values for what torch has no dtype for: text, JSON, bytes, dates, times,
      lists, structs, decimals and uuids;
    - a list with None for NULL, in every batch, for a column with any NULL among the rows.

    Tensors are on the CPU, writable and private to the pass. A batch is a view of about 2 MB
    that its neighbours share: `clone()` what you keep for long or save.
    Iterate it: no DataLoader or worker process is needed. It is an iterable dataset to torch, so
    `DataLoader(loader, batch_size=None)` hands out the same batches.

    Raises:
        DependencyError: torch is not installed.
    """

    kinds = "biuf"
    dtypes = MappingProxyType({"class_label": "<i8"})  # cross_entropy refuses int32 targets

    def __init__(self, source: RowSource, **options: Any) -> None:
        self._torch = _torch()
        self._torch.utils.data.IterableDataset.register(type(self))
        super().__init__(source, **options)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """One pass; see `Loader`.

        Raises:
            StateError: in a worker process of a DataLoader.
        """
        worker = self._torch.utils.data.get_worker_info()
        if worker is not None:
            raise StateError(
                f"a loader runs in the process that trains, not in worker {worker.id} of "
                f"{worker.num_workers}: each would stream every row.",
                hint="Give the DataLoader num_workers=0, or the dataset itself with a collate_fn.",
            )
        return super().__iter__()

    def _cut(self, array: npt.NDArray[Any], cuts: list[int]) -> Sequence[Any]:
        tensor = self._torch.from_numpy(array)
        if len(cuts) == 2:
            return [tensor]
        parts: Sequence[Any] = tensor.split(cuts[1])
        return parts

    def _listed(self, form: Form, rows: list[Any]) -> Any:
        found = form.batch(rows)
        if isinstance(found, np.ndarray):
            return self._torch.from_numpy(found)
        return [self._torch.from_numpy(row) if type(row) is np.ndarray else row for row in found]


def _torch() -> ModuleType:
    try:
        import torch
        import torch.utils.data
    except ImportError as error:
        raise DependencyError(
            f"the PyTorch loader needs torch, which is not installed ({error}).",
            hint="pip install 'deeplake[torch]'",
        ) from error
    return torch  # type: ignore[no-any-return]
