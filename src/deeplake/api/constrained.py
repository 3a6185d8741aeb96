"""Changes of a table that SQL declared something of: its rows are looked at once they are staged.

All of a change is staged, with what it does to other tables (ON DELETE CASCADE), or none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.sql.checks import Leaving, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.types.base import ColumnData

    Positions = npt.NDArray[np.int64]


def stage(session: Session, batch: Mapping[int, ColumnData], rows: int) -> None:
    """Append rows.

    Raises:
        CheckViolationError, ForeignKeyError, UniqueViolationError
    """

    def work() -> None:
        first = session.rows
        session.transaction().append(session.table, batch, rows)
        session.changed()
        written(session, session, np.arange(first, first + rows))

    _all_or_nothing(session, work)


def update(session: Session, rows: Positions, batch: Mapping[int, ColumnData]) -> None:
    """Change cells.

    Raises:
        CheckViolationError, ForeignKeyError, UniqueViolationError
    """

    def work() -> None:
        changed, places = frozenset(batch), np.unique(rows)
        leaving = Leaving(session, session, places, changed)
        session.transaction().update(session.table, rows, batch)
        session.changed()
        written(session, session, places, changed)
        leaving.settle(deleted=False)

    _all_or_nothing(session, work)


def delete(session: Session, rows: Positions) -> None:
    """Delete rows.

    Raises:
        ForeignKeyError: another table's row refers to one.
    """

    def work() -> None:
        leaving = Leaving(session, session, np.unique(rows))
        session.transaction().delete(session.table, rows)
        session.changed()
        leaving.settle(deleted=True)

    _all_or_nothing(session, work)


def _all_or_nothing(session: Session, work: Callable[[], None]) -> None:
    transaction = session.transaction()
    before = transaction.mark_all()
    try:
        work()
    except BaseException:
        transaction.restore_all(before)
        session.stand.changed()
        raise
