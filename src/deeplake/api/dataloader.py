"""`db.dataloader("t").filter(…).columns([…]).shuffle(seed).batch_size(4).to_torch()`.

A builder: each step gives another one, nothing is read before the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import InputError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.database import Database
    from deeplake.api.query_view import QueryView
    from deeplake.loaders.numpy import NumpyLoader
    from deeplake.loaders.torch import TorchLoader


class _Choice(NamedTuple):
    conditions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    shuffle: bool | str = False
    seed: int = 0
    batch_size: int = 64
    drop_last: bool = False


class DataLoader:
    """Rows of a table on their way into training. `Database.dataloader` makes it.

    >>> import deeplake
    >>> db = deeplake.connect("mem://dataloader-example")
    >>> t = db.create_table("t", {"n": "int", "label": "text"})
    >>> t.extend([{"n": n, "label": "even" if n % 2 == 0 else "odd"} for n in range(6)])
    6
    >>> _ = db.commit("rows")
    >>> loader = db.dataloader("t").filter("label = 'even'").columns(["n"]).batch_size(2)
    >>> [batch["n"].tolist() for batch in loader.to_numpy()]
    [[0, 2], [4]]
    """

    def __init__(self, database: Database, table: str, choice: _Choice | None = None) -> None:
        self._database = database
        self._table = table
        self._choice = _Choice() if choice is None else choice

    def _with(self, **changes: Any) -> DataLoader:
        return DataLoader(self._database, self._table, self._choice._replace(**changes))

    def filter(self, condition: str) -> DataLoader:
        """Only rows for which this is true, and all conditions before."""
        if not isinstance(condition, str) or not condition.strip():
            raise InputError(f"a condition is text such as 'rating >= 4', got {condition!r}.")
        return self._with(conditions=(*self._choice.conditions, condition))

    def columns(self, names: Sequence[str]) -> DataLoader:
        """Only these columns, in this order."""
        if isinstance(names, str) or not len(names):
            raise InputError(
                f"columns are a list of names, got {names!r}.", hint="Put it in a list."
            )
        return self._with(columns=tuple(names))

    def shuffle(self, seed: int = 0, *, mode: bool | str = True) -> DataLoader:
        """A new order each epoch, the same everywhere for the same seed and epoch.

        Args:
            seed: of the order.
            mode: True, "full" or False, as `shuffle` of `Dataset.pytorch`.
        """
        return self._with(seed=seed, shuffle=mode)

    def batch_size(self, rows: int) -> DataLoader:
        """Rows of a batch."""
        return self._with(batch_size=rows)

    def drop_last(self, drop: bool = True) -> DataLoader:
        """Leave out a last batch that is not full."""
        return self._with(drop_last=drop)

    def to_numpy(self) -> NumpyLoader:
        """Batches as dicts of NumPy arrays, at the branch's head as it is now.

        Raises:
            QueryError, TableNotFoundError, ColumnNotFoundError, StagedChangesError
        """
        return self._view().batches(**self._options())

    def to_torch(self) -> TorchLoader:
        """Batches as dicts of torch tensors, at the branch's head as it is now.

        Raises:
            DependencyError: torch is not installed; else as `to_numpy`.
        """
        return self._view().pytorch(**self._options())

    def _options(self) -> dict[str, Any]:
        choice = self._choice
        return {
            "batch_size": choice.batch_size,
            "shuffle": choice.shuffle,
            "seed": choice.seed,
            "drop_last": choice.drop_last,
        }

    def _view(self) -> QueryView:
        columns = ", ".join(map(quoted, self._choice.columns)) or "*"
        text = f"SELECT {columns} FROM {quoted(self._table)}"  # noqa: S608 - names are quoted
        if self._choice.conditions:
            text += " WHERE " + " AND ".join(f"({c}\n)" for c in self._choice.conditions)
        return self._database.query(text)

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self._choice._asdict().items() if v)
        return f"<dataloader of {self._table!r}: {shown}>"


def quoted(name: str) -> str:
    """A name as it stands in a statement, whatever is in it.

    >>> print(quoted('odd "name" of a table'))
    "odd ""name"" of a table"
    """
    return '"' + str(name).replace('"', '""') + '"'
