"""What a merge of rows is to do so that no two of them share a key; see `merge_keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.table.conflicts import Conflict

    Ints = npt.NDArray[np.int64]

NO_ROWS: Ints = np.zeros(0, np.int64)


class KeyPlan(NamedTuple):
    """Row ids ascend."""

    leave_out: Ints = NO_ROWS
    """Rows of theirs that do not come in."""
    give_way: Ints = NO_ROWS
    """Rows of ours that are deleted."""
    from_ours: tuple[tuple[int, Ints], ...] = ()
    """Column ids, with rows that have what ours has there."""
    from_theirs: tuple[tuple[int, Ints], ...] = ()
    """The same of theirs."""
    conflicts: tuple[Conflict, ...] = ()

    @property
    def does_nothing(self) -> bool:
        """Whether rows can be merged as if there were no keys."""
        rows = len(self.leave_out) or len(self.give_way)
        return not (rows or self.from_ours or self.from_theirs)

    def ours(self, column_id: int) -> Ints:
        """Rows that have ours' cell of a column, whatever both sides did to it."""
        return dict(self.from_ours).get(column_id, NO_ROWS)

    def theirs(self, column_id: int) -> Ints:
        """The same of theirs."""
        return dict(self.from_theirs).get(column_id, NO_ROWS)
