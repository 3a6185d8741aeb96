"""Batches as dicts of NumPy arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from deeplake.loaders.loader import Loader

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.loaders.collate import Form


class NumpyLoader(Loader):
    """See `Loader`. A batch is a dict of column name -> values:

    - an array (rows, *shape) of the column's dtype for numbers, vectors, tensors, dates and
      times; int32 for class labels;
    - uint8 (rows, height, width, channels) for images, a list of arrays where shapes differ;
    - a list for text, JSON, bytes, lists, structs, decimals and uuids;
    - a list with None for NULL, in every batch, for a column with any NULL among the rows.

    Arrays are writable and private to the pass. A batch is a view of a megabyte or two
    that its neighbours share, and keeps them in memory: copy what you keep for long.
    """

    def _cut(self, array: npt.NDArray[Any], cuts: list[int]) -> Sequence[Any]:
        return [array[low:high] for low, high in pairwise(cuts)]

    def _listed(self, form: Form, rows: list[Any]) -> Any:
        return form.batch(rows)
