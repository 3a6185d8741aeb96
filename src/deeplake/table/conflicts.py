"""Conflicts of a merge: what both sides changed, with the values, read when they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from deeplake.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment


class _Deleted:
    """What stands for a row that one side deleted."""

    def __repr__(self) -> str:
        return "DELETED"


DELETED: Final = _Deleted()

Kind = Literal["cell", "row", "schema", "table", "key", "not_null", "check", "reference"]


class Spot(NamedTuple):
    """One row of one side of a merge: its fragment, its place there."""

    fragment: OpenFragment
    place: int

    def value(self, column: Column) -> Any:
        """A cell as users see it, None for NULL."""
        import numpy as np

        row = int(self.fragment.positions(np.array([self.place]))[0])
        raw = self.fragment.chunk(column).cell(row)
        return None if raw is None else column.type.cell(raw)


class Conflict:
    """Something that both sides changed, each in its own way.

    `kind` says what: "cell" (a value), "row" (deleted by one, changed by the other), "schema" (a
    column), "table", "key" (equal keys in two rows), "not_null", "check" and "reference" (what
    SQL declared of a row). `base`, `ours` and `theirs` are values; of a row, dicts of the changed
    cells, or of those that a constraint is about; `DELETED` where there is no such row.
    """

    __slots__ = (
        "_fits",
        "_read",
        "_told",
        "_values",
        "column",
        "kind",
        "message",
        "row_id",
        "table",
        "token",
    )

    def __init__(
        self,
        kind: Kind,
        table: str,
        *,
        row_id: int | None = None,
        column: str | None = None,
        read: Callable[[str], Any],
        message: str = "",
        token: str = "",
        fits: Callable[[Any], object] | None = None,
        told: Callable[[Any], Any] | None = None,
    ) -> None:
        self.kind = kind
        self.table = table
        self.row_id = row_id
        self.column = column
        self.message = message
        self.token = token
        """What it is about: decisions on the same place hold for the same versions only."""
        self._read = read
        self._fits = fits
        self._told = told
        self._values: dict[str, Any] = {}

    def _value(self, side: str) -> Any:
        if side not in self._values:
            self._values[side] = self._read(side)
        return self._values[side]

    def check(self, value: Any) -> None:
        """Refuse a value that its column cannot hold.

        Raises:
            InvalidValueError
        """
        if self._fits is not None:
            self._fits(value)

    def chose(self, answer: Any, side: str) -> bool:
        """Whether an answer is one side's value itself, not an equal one."""
        return side in self._values and answer is self._values[side]

    def keeps_theirs(self, answer: Any) -> bool:
        """What an answer means where only one side as a whole can be kept: a row, a column, a
        table.

        Raises:
            InputError: it is neither side's value.
        """
        for side in ("theirs", "ours"):
            if answer is self._value(side):
                return side == "theirs"
        raise InputError(
            f"{self!r}: only ours or theirs can be kept, not {_shown(answer)}.",
            hint="Return conflict.ours or conflict.theirs itself.",
        )

    @property
    def base(self) -> Any:
        """The value in the common ancestor."""
        return self._value("base")

    @property
    def ours(self) -> Any:
        """The value on the branch that is merged into."""
        return self._value("ours")

    @property
    def theirs(self) -> Any:
        """The value on the other side."""
        return self._value("theirs")

    @property
    def place(self) -> tuple[str, str, int | None, str | None]:
        """What names the conflict: kind, table, row id, column."""
        return self.kind, self.table, self.row_id, self.column

    def __repr__(self) -> str:
        where = f"{self.table}"
        if self.row_id is not None:
            where += f", row {self.row_id}"
        if self.column is not None:
            where += f", {self.column!r}"
        if self.message:
            return f"<{self.kind} conflict in {where}: {self.message}>"
        told = self._told or (lambda value: value)
        values = [f"{s} {_shown(told(self._value(s)))}" for s in ("base", "ours", "theirs")]
        return f"<{self.kind} conflict in {where}: {', '.join(values)}>"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
