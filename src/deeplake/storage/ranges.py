"""Which requests to send for many byte ranges of one object, and how to cut up the answers.

Pure arithmetic: near ranges become one request, long ones are split so that they travel in
parallel. Sends nothing and knows no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.errors import InvalidValueError
from deeplake.settings import RANGE_GAP_BYTES_MAX, REQUEST_BYTES_MAX
from deeplake.storage.parts import flat

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.storage.store import ByteView

    Ints = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Requests in ascending order that never overlap, and where each asked range lies in them.

    Range i starts in request `first[i]` and ends in request `last[i]` (-1 if it is empty).
    """

    requests: list[tuple[int, int]]
    ranges: Ints
    first: Ints
    last: Ints

    def deliver(self, answers: Sequence[ByteView]) -> list[ByteView]:
        """The asked ranges in the order asked, given one full answer per request.

        A range that is a whole answer is that answer; others are copies, so that a kept cell
        of 2 KB does not hold a request of 8 MiB.
        """
        starts = [start for start, _ in self.requests]
        delivered: list[ByteView] = []
        rows = zip(self.ranges.tolist(), self.first.tolist(), self.last.tolist(), strict=True)
        for (start, length), first, last in rows:
            if first < 0:
                delivered.append(b"")
            elif first == last:
                delivered.append(_cut(answers[first], start - starts[first], length))
            else:
                end = start + length
                head = flat(answers[first])[start - starts[first] :]
                tail = flat(answers[last])[: end - starts[last]]
                middle = [flat(answer) for answer in answers[first + 1 : last]]
                delivered.append(b"".join([head, *middle, tail]))
        return delivered


def plan(
    ranges: Sequence[tuple[int, int]],
    gap_bytes_max: int = RANGE_GAP_BYTES_MAX,
    request_bytes_max: int = REQUEST_BYTES_MAX,
) -> Plan:
    """Plan requests for `(start, length)` ranges: any order, overlaps and duplicates are fine.

    Ranges at most `gap_bytes_max` apart are read together; what exceeds `request_bytes_max` is
    cut into equal parts. Each asked byte lies in exactly one request; no request goes without
    an asked byte.

    Raises:
        InvalidValueError: a negative start or length.

    >>> plan([(100, 10), (0, 10), (50, 0)], gap_bytes_max=16).requests
    [(0, 10), (100, 10)]
    >>> plan([(0, 10), (20, 10)], gap_bytes_max=10, request_bytes_max=16).requests
    [(0, 15), (15, 15)]
    """
    asked = np.asarray(ranges, dtype=np.int64).reshape(-1, 2)
    if asked.size and asked.min() < 0:
        raise InvalidValueError(f"A byte range cannot be negative: {_first_negative(asked)}.")
    filled = np.flatnonzero(asked[:, 1])
    first = np.full(len(asked), -1, dtype=np.int64)
    last = first.copy()
    if not len(filled):
        return Plan([], asked, first, last)

    order = filled[np.argsort(asked[filled, 0], kind="stable")]
    starts = asked[order, 0]
    ends = starts + asked[order, 1]
    reach = np.maximum.accumulate(ends)  # the furthest byte asked so far
    opens = np.concatenate(([True], starts[1:] > reach[:-1] + gap_bytes_max))
    run_of = np.cumsum(opens) - 1
    run_start = starts[opens]
    run_end = np.append(reach[:-1][opens[1:]], reach[-1])

    size = run_end - run_start
    count = -(-size // request_bytes_max)
    part = -(-size // count)
    base = np.cumsum(count) - count  # the first request of each run
    first[order] = base[run_of] + (starts - run_start[run_of]) // part[run_of]
    last[order] = base[run_of] + (ends - 1 - run_start[run_of]) // part[run_of]

    number = np.arange(int(count.sum()), dtype=np.int64)
    run = np.repeat(np.arange(len(count)), count)
    request_start = run_start[run] + (number - base[run]) * part[run]
    request_end = np.minimum(request_start + part[run], run_end[run])
    used = _used(first[order], last[order], len(number))
    renumber = np.cumsum(used) - 1
    first[order] = renumber[first[order]]
    last[order] = renumber[last[order]]
    lengths = request_end - request_start
    requests = list(zip(request_start[used].tolist(), lengths[used].tolist(), strict=True))
    return Plan(requests, asked, first, last)


def _used(first: Ints, last: Ints, requests: int) -> npt.NDArray[np.bool_]:
    """Which requests hold an asked byte: a wide gap may fill one that none does."""
    change = np.zeros(requests + 1, dtype=np.int64)
    np.add.at(change, first, 1)
    np.add.at(change, last + 1, -1)
    return np.cumsum(change)[:-1] > 0


def _cut(answer: ByteView, start: int, length: int) -> ByteView:
    if start == 0 and length == len(answer):
        return answer
    return bytes(flat(answer)[start : start + length])


def _first_negative(asked: Ints) -> tuple[int, int]:
    start, length = asked[np.flatnonzero((asked < 0).any(axis=1))[0]].tolist()
    return start, length
