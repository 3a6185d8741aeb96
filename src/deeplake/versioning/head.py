"""Finding the newest slot of a branch without listing it. SPEC section "Finding the head".

Slots are gap-free, so existence is monotone: start at the hint, or at slot 1, gallop by four,
bisect. With a fresh hint that is one round of requests, without one and one commit it is two, the
second of a single request; 10,000 commits behind it is under 30 requests. LIST is
used only when the hint itself is broken, or when slots of the branch have expired: then what was
found counts only if no plan says that it may lie before a gap.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from deeplake.errors import DamageError, StoreError
from deeplake.format.keys import expired_key, hint_key, slot_key, slot_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from deeplake.format.slot import SlotHead
    from deeplake.versioning.objects import Objects

Out = TypeVar("Out")

_SEQUENCE = "[0-9a-f]{16}"
"""A slot's file name; anything else in the folder (a backup, a sync client's) is not ours."""

_EXPIRED = -1
"""Among the sequences of a first look: whether slots of the branch have expired."""

_DAMAGED = "damaged"

_FIRST_STEPS = (1, 4, 16)
_GALLOP = (64, 256, 1024, 4096, 16384)


def read_hint(objects: Objects, name: str, branch_id: int) -> int:
    """The hinted newest sequence of a branch; 0 if there is no usable hint."""
    return parse_hint(objects.get_or_none(hint_key(name)), branch_id)


def parse_hint(raw: bytes | None, branch_id: int) -> int:
    """The sequence in a hint's bytes; 0 if there is none, or it is of another branch."""
    try:
        branch, sequence = (int(part, 16) for part in (raw or b"").split())
    except ValueError:
        return 0
    return sequence if branch == branch_id and 0 < sequence < 1 << 62 else 0


def write_hint(objects: Objects, name: str, branch_id: int, sequence: int) -> None:
    """Best effort: a lost hint costs probes, never correctness."""
    try:
        objects.store.put(hint_key(name), [b"%x %x\n" % (branch_id, sequence)], durable=False)
    except StoreError:
        return


def find_head(objects: Objects, branch_id: int, hint: int) -> SlotHead | None:
    """The newest slot of a branch, or None if it has none.

    Args:
        hint: a sequence believed to exist, or 0. Without one the branch has few slots, mostly one,
            or slots of it have expired: then it is listed.
    """
    return find_head_or(objects, branch_id, hint, _nothing)[0]


def find_head_or(
    objects: Objects, branch_id: int, hint: int, instead: Callable[[], Out]
) -> tuple[SlotHead | None, Out | None]:
    """The newest slot of a branch, or None and what `instead` reads; it may be read in vain.

    Without a hint the mark is asked for once, when the probes have been answered. A vacuum creates
    it before it deletes the first slot: if there is none even then, no slot was gone when they came
    by, so they tell between which slots the head was, and what is deleted while these are read is
    not the newest. Asked for in the same round, it could be answered before the vacuum and the
    probes after it: they would find no slot, or slot 1 alone before a gap. A hint that old is rare,
    and a vacuum replaces it, so that with one the round is saved.
    """
    first = hint or 1
    steps = [first + step for step in _FIRST_STEPS]
    look = [first, *steps, _EXPIRED] if hint else [first, *steps]
    if objects.store.remote:
        head, *there = objects.parallel(lambda s: _look(objects, branch_id, s, first), look)
        expired = there.pop() if hint else None
        low, high = _bracket(first, steps, [answer is not None for answer in there])
    else:  # nothing is gained by probing beyond a slot that is free
        head = _look(objects, branch_id, first, first)
        probes = (_look(objects, branch_id, step, first) is not None for step in steps)
        low, high = _bracket(first, steps, probes)
        expired = _look(objects, branch_id, _EXPIRED, first) if hint else None
    if head is None:
        expired, other = True, None
        if not hint:
            mark = partial(objects.exists, expired_key(branch_id))
            asked: list[Callable[[], Any]] = [mark, instead]
            expired, other = objects.parallel(lambda ask: ask(), asked)
        head = _find_listed(objects, branch_id) if expired else None
        return head, None if head else other or instead()
    if head is _DAMAGED or (low, high) != (first, first + 1):
        head, expired = _last(objects, branch_id, first, low, high)
    elif not hint:
        expired = objects.exists(expired_key(branch_id))
    return (_after_gaps(objects, branch_id, head) if expired else head), None


def _nothing() -> None:
    return None


def _after_gaps(objects: Objects, branch_id: int, found: SlotHead | None) -> SlotHead | None:
    """What probing found, if no slots after it can be gone; else what a listing tells."""
    from deeplake.versioning.plans import read_plan

    last = read_plan(objects).last(branch_id)
    if found is not None and found.header.commit_id.sequence > last:
        return found
    return _find_listed(objects, branch_id)


def _find_listed(objects: Objects, branch_id: int) -> SlotHead | None:
    """The newest slot that is listed, or what came after it meanwhile."""
    listed = _listed_newest(objects, branch_id)
    steps = [listed + step for step in _FIRST_STEPS]
    low, high = _bracket(listed, steps, _probe(objects, branch_id, steps))
    return None if high == 1 else _last(objects, branch_id, listed, low, high)[0]


def _last(
    objects: Objects, branch_id: int, hint: int, low: int, high: int
) -> tuple[SlotHead | None, bool]:
    """The newest slot, known to be `low` or newer and, if that is not 0, older than `high`; and
    whether slots of the branch have expired by then.
    """
    if high and objects.store.remote:
        return _fetch_last(objects, branch_id, range(max(low, 1), high))
    if not high:
        low, high = _gallop(objects, branch_id, hint, low)
    while high - low > 1:
        middle = (low + high) // 2
        if objects.exists(slot_key(branch_id, middle)):
            low = middle
        else:
            high = middle
    if not low:
        return None, False
    return objects.read_slot(branch_id, low), objects.exists(expired_key(branch_id))


def _look(objects: Objects, branch_id: int, sequence: int, first: int) -> Any:
    """The first slot itself, or whether another one exists; None for a free slot."""
    if sequence == first:
        try:
            return objects.read_slot(branch_id, sequence)
        except DamageError:  # it is read again if it turns out to be the newest
            return _DAMAGED
    key = expired_key(branch_id) if sequence == _EXPIRED else slot_key(branch_id, sequence)
    return True if objects.exists(key) else None


def _probe(objects: Objects, branch_id: int, sequences: Sequence[int]) -> list[bool]:
    return objects.parallel(lambda s: objects.exists(slot_key(branch_id, s)), sequences)


def _bracket(low: int, steps: Iterable[int], there: Iterable[bool]) -> tuple[int, int]:
    """(newest known to exist, oldest known to be free); the latter 0 if none is known."""
    for step, exists in zip(steps, there, strict=True):
        if not exists:
            return low, step
        low = step
    return low, 0


def _gallop(objects: Objects, branch_id: int, hint: int, low: int) -> tuple[int, int]:
    """Probe ever farther ahead until a free slot is found."""
    scale = 1
    while True:
        steps = [hint + step * scale for step in _GALLOP]
        low, high = _bracket(low, steps, _probe(objects, branch_id, steps))
        if high:
            return low, high
        scale *= _GALLOP[-1]


def _fetch_last(objects: Objects, branch_id: int, sequences: range) -> tuple[SlotHead | None, bool]:
    """Read a dozen candidates at once instead of bisecting: one round trip instead of four."""

    def read(sequence: int) -> Any:
        if sequence == _EXPIRED:
            return objects.exists(expired_key(branch_id))
        return objects.read_slot(branch_id, sequence)

    *found, expired = objects.parallel(read, [*sequences, _EXPIRED])
    existing = [slot for slot in found if slot is not None]
    return (existing[-1] if existing else None), expired


def _listed_newest(objects: Objects, branch_id: int) -> int:
    """The highest listed sequence, or 0: the way out of a broken hint."""
    prefix = slot_prefix(branch_id)
    names = (info.key[len(prefix) :] for info in objects.store.list(prefix))
    return max((int(name, 16) for name in names if re.fullmatch(_SEQUENCE, name)), default=0)
