"""Clocks and verdicts: how a figure is timed, and what it means to reach its target.

Knows nothing of stores. Contenders of one ratio alternate (A B A B) within one process, so that
a slow minute of a shared machine hits both.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Figure(NamedTuple):
    """One line of the report: a measured number against its limit.

    `value` and `limit` are in the same unit; `at_most` says on which side of it is good. `shown`
    is the measurement in words, with the floor it was compared to.
    """

    group: str
    name: str
    value: float
    limit: float
    unit: str
    shown: str
    at_most: bool = True

    @property
    def passed(self) -> bool:
        return self.share <= 1.0

    @property
    def share(self) -> float:
        """Share of the limit that was used: up to 1.0 is good, whatever the figure's direction."""
        part, whole = (self.value, self.limit) if self.at_most else (self.limit, self.value)
        if whole:
            return part / whole
        return float("inf") if part else 0.0

    @property
    def target(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:g}{self.unit}"


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call; its result is freed outside the clock."""
    start = time.perf_counter()
    kept = action()
    elapsed = time.perf_counter() - start
    del kept
    return elapsed


def alternate(
    rounds: int,
    contenders: dict[str, Callable[[], object]],
    *,
    between: Callable[[str], object] | None = None,
    rehearse: bool = False,
) -> dict[str, list[float]]:
    """Seconds of each contender over `rounds`, taken in turn; `between` runs off the clock.

    With `rehearse` each is run once off the clock right before it is timed, so that it follows
    itself: what the one before left on the disk otherwise costs the next up to 200 ms of 480.

    The order turns and then runs backwards, so that none always follows the same neighbour.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(rounds):
        start = turn % len(names)
        order = names[start:] + names[:start]
        for name in order if (turn // len(names)) % 2 == 0 else reversed(order):
            if rehearse:
                contenders[name]()
                if between is not None:
                    between(name)
            times[name].append(seconds(contenders[name]))
            if between is not None:
                between(name)
    return times


def per_call_us(call: Callable[[int], object], arguments: Sequence[int], block: int = 50) -> float:
    """Median cost of `call` in microseconds, timed in blocks so that the clock costs nothing."""
    blocks = []
    for at in range(0, len(arguments) - block + 1, block):
        group = arguments[at : at + block]
        start = time.perf_counter()
        for argument in group:
            call(argument)
        blocks.append((time.perf_counter() - start) / block)
    return statistics.median(blocks) * 1e6


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def folder_contents(folder: str) -> dict[str, int]:
    """Size in bytes of every file under `folder`, by path."""
    return {
        os.path.join(base, name): os.path.getsize(os.path.join(base, name))
        for base, _, names in os.walk(folder)
        for name in names
    }
