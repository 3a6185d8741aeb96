"""Lines beside a log: which commit was built upon which, drawn as `git log --graph` does.

Each line of history that is not at its end has a lane. A commit stands in the lane of its children;
its first parent goes on in it, others open lanes to its right. Lanes that lead to one commit run
together to the left, one column a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def draw(commits: Iterable[tuple[str, Sequence[str]]]) -> list[tuple[str, list[str]]]:
    r"""(id, ids of parents) of each commit, newest first -> (beside it, rows until the next one).

    >>> for beside, rows in draw([("d", "bc"), ("c", "a"), ("b", "a"), ("a", "")]):
    ...     print("\n".join([beside, *rows]))
    *
    |\
    | *
    * |
    |/
    *
    """
    lanes: list[str] = []
    found = []
    for commit, parents in commits:
        if commit not in lanes:
            lanes.append(commit)
        at = lanes.index(commit)
        beside = " ".join("*" if k == at else "|" for k in range(len(lanes)))
        rows = []
        for extra in range(1, len(parents)):
            rows.append(_opened(len(lanes), at))
            lanes.insert(at + 1, parents[-extra])
        lanes[at : at + 1] = parents[:1]
        ends = [] if parents else [at]
        lanes, closing = _run_together(lanes, ends)
        found.append((beside, rows + closing))
    return found


def _opened(count: int, at: int) -> str:
    """The row in which a lane opens right of `at`: those behind it move to the right."""
    cells = ["|", *[" "] * (2 * count)]
    for k in range(count):
        cells[2 * k] = "|" if k <= at else " "
        cells[2 * k + 1] = "\\" if k >= at else " "
    return "".join(cells).rstrip()


def _run_together(lanes: list[str], ends: Sequence[int]) -> tuple[list[str], list[str]]:
    """Lanes without repeats, and the rows in which they move there. At `ends` a lane was dropped,
    so that those from there on stand one column further right.
    """
    kept = list(dict.fromkeys(lanes))
    now = [k + sum(end <= k for end in ends) for k in range(len(lanes))]
    goal = [kept.index(lane) for lane in lanes]
    rows = []
    while now != goal:
        cells = [" "] * (2 * max(now) + 1)
        for k, place in enumerate(now):
            moves = place > goal[k]
            cells[2 * place - moves] = "/" if moves else "|"
            now[k] = place - moves
        rows.append("".join(cells).rstrip())
    return kept, rows
