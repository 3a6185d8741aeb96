"""DataFrames: the one place that needs pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow as pa


def frame(table: Callable[[], pa.Table], instead: str) -> pd.DataFrame:
    """An Arrow table as a DataFrame.

    Args:
        table: makes it; not called without pandas, so that a cursor keeps its rows.
        instead: the verb that gives the same rows as Arrow.

    Raises:
        DependencyError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: F401 - pyarrow's own error names no way out
    except ImportError as error:
        raise DependencyError(
            f"a DataFrame needs pandas, which is not installed ({error}).",
            hint=f"pip install 'deeplake[pandas]'; {instead} gives the same rows without it.",
        ) from error
    return table().to_pandas()
