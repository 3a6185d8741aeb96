"""to_arrow(), df() and to_parquet(), offered alike by datasets and views."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from deeplake.api.exporting import Rows


class Exported:
    """Rows that can be taken elsewhere. Staged ones are among them."""

    __slots__ = ()

    def _exported(self) -> Rows:
        """The rows, pinned."""
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table, media as their encoded bytes, class labels as codes.

        Its fields say the column types, so that an image is an image again where the table, or
        Parquet made of it, comes in.
        """
        from deeplake.api.exporting import arrow

        rows = self._exported()
        return arrow(rows, range(rows.rows))

    def df(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame.

        Raises:
            DependencyError: pandas is not installed.
        """
        from deeplake.api.frame import frame

        return frame(self.to_arrow, "to_arrow()")

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        storage_options: Mapping[str, object] | None = None,
    ) -> None:
        """Write the rows to a Parquet file; one that is there is replaced when all are written.

        Rows are read and written a group at a time, of 64 MB or a million of them. What goes to a
        bucket is put together in a temporary file first.

        Args:
            path: of the file, or `s3://`, `gs://` or `az://` and an object's name, or a binary file
                that is open.
            storage_options: of the bucket.

        Raises:
            InputError: there can be no file of that name.
            StorePermissionError, StoreFullError, StoreError: the disk or the bucket refuses it.
        """
        from deeplake.api.exporting import write_parquet

        write_parquet(self._exported(), path, storage_options)
