"""A history that prints one commit a line, beside lines that show what was built upon what."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from deeplake.errors import DeeplakeError
from deeplake.versioning.history import Commit, to_commit, walk_all

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from deeplake.format.keys import CommitId
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot

MESSAGE_CHARS_MAX = 60
_YELLOW, _GREEN, _PLAIN = "\x1b[33m", "\x1b[32m", "\x1b[0m"


class Log(list[Commit]):
    """Commits, newest first: a list like any other. Parents that are not in it were left out.

    Args:
        folded: automatic commits that were left out, newest first, with their parents; of those
            that have expired, the newest one kept before them.
        repository: where branches and tags are looked up when the log is printed.
    """

    def __init__(
        self,
        commits: Iterable[Commit] = (),
        folded: dict[str, tuple[str, ...]] | None = None,
        repository: Repository | None = None,
    ) -> None:
        super().__init__(commits)
        self._folded = {} if folded is None else folded
        self._repository = repository

    def __reduce__(self) -> tuple[Any, ...]:
        return Log, (list(self), self._folded)

    def __str__(self) -> str:
        return self._drawn(colours=False)

    def __repr__(self) -> str:
        return self._drawn(colours=_on_a_terminal())

    def _drawn(self, *, colours: bool) -> str:
        if not self:
            return "no commits" + " but automatic ones: log(all=True)" * bool(self._folded)
        from deeplake.api.graph import draw

        above = self._shown_parents()
        names = self._names(above)
        lines = draw((commit.id, _shown(commit.parents, above)) for commit in self)
        cells = [[beside, *_row(c)] for c, (beside, _) in zip(self, lines, strict=True)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        text = []
        for commit, row, (_, rows) in zip(self, cells, lines, strict=True):
            padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            padded[1] = _coloured(padded[1], _YELLOW, colours)
            labels = ", ".join(names.get(commit.id, ()))
            labels = f"({_coloured(labels, _GREEN, colours)}) " if labels else ""
            text.append("  ".join([" ".join(padded[:2]), *padded[2:-1], labels + row[-1]]).rstrip())
            text += rows
        return "\n".join(text[: len(text) - len(lines[-1][1])])

    def _shown_parents(self) -> dict[str, list[str]]:
        """Folded commit -> the nearest of its ancestors that are not folded."""
        found: dict[str, list[str]] = {}
        for commit, parents in reversed(self._folded.items()):  # parents first
            found[commit] = _shown(parents, found)
        return found

    def _names(self, above: dict[str, list[str]]) -> dict[str, list[str]]:
        """Commit -> branches and tags that stand on it, or on a folded commit upon it."""
        found: dict[str, list[str]] = {}
        for name, commit in _named(self._repository):
            for shown in _shown((commit,), above)[:1]:
                found.setdefault(shown, []).append(name)
        return found


def history_of(repository: Repository, at: Snapshot, n: int | None, *, automatic: bool) -> Log:
    """A commit and its ancestors, newest first, at most `n`; only as many are read as it takes."""
    folded: dict[str, tuple[str, ...]] = {}
    found = Log((), folded, repository)
    if n == 0:
        return found

    def fold(expired: CommitId, kept: CommitId) -> None:
        folded[str(expired)] = (str(kept),)

    for head in walk_all(repository.objects, at.head, fold):
        commit = to_commit(head.header)
        if commit.automatic and not automatic:
            folded[commit.id] = commit.parents
            continue
        found.append(commit)
        if len(found) == n:
            break
    return found


def _shown(commits: Iterable[str], above: dict[str, list[str]]) -> list[str]:
    """Commits, the folded ones replaced; each once."""
    return list(dict.fromkeys(s for commit in commits for s in above.get(commit, [commit])))


def _named(repository: Repository | None) -> list[tuple[str, str]]:
    """(branch or tag, commit it stands on); none if they cannot be read any more."""
    if repository is None:
        return []
    try:
        branches, tags = repository.branches(), repository.tags()
        heads = repository.objects.parallel(repository.head, branches)
    except DeeplakeError:  # a log outlives its handle: closed, deleted, without a connection
        return []
    found = [(b.name, str(h.commit_id)) for b, h in zip(branches, heads, strict=True)]
    return found + [(f"tag: {tag.name}", str(tag.commit_id)) for tag in tags]


def _row(commit: Commit) -> tuple[str, ...]:
    tables = [*commit.added, *(name for name in commit.changed if name not in commit.added)]
    done = " ".join((name if len(tables) > 1 else "") + _done(commit, name) for name in tables)
    lines = commit.message.splitlines() or [""]
    cut = len(lines) > 1 or len(lines[0]) > MESSAGE_CHARS_MAX
    message = lines[0][:MESSAGE_CHARS_MAX] + ("…" if cut else "")
    return commit.id, _moment(commit.time), commit.author, done, message


def _done(commit: Commit, table: str) -> str:
    """What a commit did to a table: +rows appended, ~cells updated, -rows deleted."""
    counts = {"+": commit.added.get(table, 0)}
    changed = commit.changed.get(table, {})
    counts |= {"~": changed.get("updated", 0), "-": changed.get("deleted", 0)}
    return "".join(f"{sign}{n:,}" for sign, n in counts.items() if n)


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%SZ}"


def _coloured(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}{_PLAIN}" if colours else text


def _on_a_terminal() -> bool:
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout is not None and sys.stdout.isatty()
