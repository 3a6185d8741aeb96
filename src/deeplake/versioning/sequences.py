"""Sequences: numbers that no other process, branch or commit gets again. Gaps are allowed.

Numbers are claimed in blocks, each by creating one object; claim n says where its block begins
and how long it is, so claims are a chain that grows at its end. A process claims a few at first
and more when it needs many, and hands out what it holds without asking anybody.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import TYPE_CHECKING

from deeplake.errors import MalformedObjectError, ObjectExistsError
from deeplake.format.sealed import seal, unseal
from deeplake.loading import in_forked_child
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.versioning.objects import Objects

FIRST_BLOCK = 32
"""What a fresh process claims: as many as PostgreSQL forgets in a crash."""

BLOCK_MAX = 4096
"""Each claim of a process is twice the one before it, up to this or what is asked for."""

SEQUENCES_MAX = 4096
"""Sequences that a process remembers; blocks of forgotten ones are gaps."""

_lock = allocate_lock()
_held: dict[tuple[str, str], _Held] = {}


@in_forked_child
def _after_fork_in_child() -> None:
    global _lock
    _lock = allocate_lock()


class _Held(NamedTuple):
    """What a process has of a sequence: numbers `next` to `end` - 1, up to claim `claims` - 1."""

    process: int
    next: int
    end: int
    claims: int
    reached: int
    block: int


def claim_key(sequence: str, number: int) -> str:
    """Key of a claim.

    >>> claim_key("00112233aabbccdd", 31)
    'ids/sequences/00112233aabbccdd/0000001f'
    """
    return f"ids/sequences/{sequence}/{number:08x}"


def take(objects: Objects, sequence: str, count: int) -> list[range]:
    """The next numbers of a sequence, from 0 on, in order; nobody else gets them.

    Raises:
        StoreError: nothing was claimed, or what was is a gap.
    """
    place = objects.store.url, sequence
    with _lock:
        held = _held.get(place)
        if held is None or held.process != os.getpid():
            held = _Held(os.getpid(), 0, 0, 0, 0, FIRST_BLOCK)
        found = []
        while count:
            if held.next == held.end:
                held = _claimed(objects, sequence, held, count)
            part = min(count, held.end - held.next)
            found.append(range(held.next, held.next + part))
            held, count = held._replace(next=held.next + part), count - part
        while len(_held) >= SEQUENCES_MAX:
            del _held[next(iter(_held))]
        _held[place] = held
    return found


def _claimed(objects: Objects, sequence: str, held: _Held, count: int) -> _Held:
    """With one more block."""
    claims, reached = held.claims, held.reached
    if not claims:
        claims, reached = _end(objects, sequence)
    size = max(held.block, count)
    while True:
        claim = seal({"first": reached, "count": size, "nonce": os.urandom(8).hex()})
        try:
            objects.store.create(claim_key(sequence, claims), [claim])
        except ObjectExistsError:
            reached = _read(objects, sequence, claims) or reached
            claims += 1
            continue
        return _Held(
            held.process, reached, reached + size, claims + 1, reached + size,
            min(held.block * 2, BLOCK_MAX),
        )  # fmt: skip


def _end(objects: Objects, sequence: str) -> tuple[int, int]:
    """(how many claims there are, the number after the last): galloping, then halving."""
    low, high = -1, 0
    reached = 0
    while (found := _read(objects, sequence, high)) is not None:
        low, reached, high = high, found, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = _read(objects, sequence, middle)
        if found is None:
            high = middle
        else:
            low, reached = middle, found
    return high, reached


def _read(objects: Objects, sequence: str, number: int) -> int | None:
    """The number after a claim's block; None if there is no such claim."""
    key = claim_key(sequence, number)
    raw = objects.get_or_none(key)
    if raw is None:
        return None
    claim = unseal(raw, key)
    first, count = claim.get("first"), claim.get("count")
    if type(first) is not int or type(count) is not int:
        raise MalformedObjectError(f"{key} is no claim of a sequence")
    return first + count
