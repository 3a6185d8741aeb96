"""A history that prints one commit a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.versioning.history import Commit

if TYPE_CHECKING:
    from datetime import datetime

MESSAGE_CHARS_MAX = 60


class Log(list[Commit]):
    """Commits, newest first: a list like any other."""

    def __repr__(self) -> str:
        if not self:
            return "no commits"
        rows = [_row(commit) for commit in self]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )


def _row(commit: Commit) -> tuple[str, ...]:
    many = len(commit.added) > 1
    added = " ".join(f"{name if many else ''}+{n:,}" for name, n in commit.added.items())
    lines = commit.message.splitlines() or [""]
    cut = len(lines) > 1 or len(lines[0]) > MESSAGE_CHARS_MAX
    message = lines[0][:MESSAGE_CHARS_MAX] + ("…" if cut else "")
    return commit.id, _moment(commit.time), commit.author, added, message


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
