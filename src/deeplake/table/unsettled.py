"""What a virtual base says where the common ancestors disagree: a text that nobody else has.

It stands for the name of a column or a table that is in conflict in whatever way, and for what SQL
declared. As it equals neither side, both have changed it, and a later merge asks unless they agree.
It lives in commits in memory only: names are printable, so no commit of a store can have it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.versioning.staged import TableChange

MARK = "\0unsettled "
WHOLE = f"{MARK}whole "
"""Of what no ancestor of the ancestors had: it is compared as if there were no base."""


def unsettled(*, whole: bool = False) -> str:
    """A new one: equal to no name, and to no other of its kind."""
    return (WHOLE if whole else MARK) + os.urandom(8).hex()


def unsettled_part(ours: Any, theirs: Any) -> Any:
    """The same for what SQL declared, a mapping where readers of schemas expect one."""
    mark = unsettled()
    return {mark: True} if isinstance(ours or theirs, dict) else mark


def is_unsettled(value: Any) -> bool:
    """Whether a name or declaration is one of these."""
    if isinstance(value, dict):
        return any(map(is_unsettled, value))
    return isinstance(value, str) and value.startswith(MARK)


def is_whole(name: str) -> bool:
    """Whether nothing of what has this name is settled."""
    return name.startswith(WHOLE)


def refuse_unsettled(changes: Iterable[TableChange]) -> None:
    """See to it that none gets into a commit that is stored.

    Raises:
        ValueError
    """
    for change in changes:
        columns = () if change.schema is None else change.schema.columns
        declared = {} if change.schema is None else change.schema.sql
        names = [change.name, *(column.name for column in columns)]
        if change.taken is not None:
            names.append(change.taken.name)
        if any(map(is_unsettled, names)) or _within(declared):
            raise ValueError(f"table {change.name!r} has what only a virtual base may have")


def _within(declared: Any) -> bool:
    if is_unsettled(declared):
        return True
    return isinstance(declared, dict) and any(map(_within, declared.values()))
