"""Gaps of a merge cut between their fragments: what only one side changed stays closed.

Neighbours that a side changed are one gap of its tree: sixteen fragments, if 100 of a million rows
were changed, though the other side changed one of them. Where it shows that no row has left its
fragment, the gap is cut around those that both changed, and the rest is taken by reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.table.patch import holds
from deeplake.table.walk import Gap

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from deeplake.format.tree import Record
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.walk import Path, Side

    Gaps = Sequence[Gap]


def cut(base: Side, ours: tuple[Side, Gaps], theirs: tuple[Side, Gaps]) -> tuple[Gaps, Gaps] | None:
    """The gaps of ours and theirs, cut around fragments that both changed.

    One side is opened as a whole, the one that changed less, and all its fragments have the rows of
    the base's in their places, none of them come back. So it has no rows that the base has not, and
    none in other fragments; what is left to be seen is that no row has left a fragment of the other
    side that both changed.

    Returns:
        None if rows may have moved, or if both sides may have gained the same ones.
    """
    for few, many in sorted([(ours, theirs), (theirs, ours)], key=_size):
        if not _one_to_one(few[1]):
            continue
        shared = _leaves(base, few[1]) & _leaves(base, many[1])
        guesses = [pair for gap in many[1] for pair in _guessed(gap, shared)]
        _open(base, few, [path for _, path in guesses], many[0])
        if not all(_still(few[0], base, gap) for gap in few[1]):
            continue
        pairs = [Gap([a], [b]) for gap in few[1] for a, b in zip(gap.base, gap.other, strict=True)]
        rest = _cut_at(base, many, shared)
        if few is theirs:  # rows of ours are looked for wherever they went
            return (many[1] if rest is None else rest), pairs
        if rest is not None:
            return pairs, rest
    return None


def _size(sides: tuple[tuple[Side, Gaps], tuple[Side, Gaps]]) -> int:
    return sum(len(gap.other) for gap in sides[0][1])


def _one_to_one(gaps: Gaps) -> bool:
    """Whether as many fragments are there as were."""
    return all(len(gap.base) == len(gap.other) for gap in gaps)


def _leaves(base: Side, gaps: Gaps) -> set[Record]:
    """Fragments of the base that are gone or have changed."""
    return {path[-1] for gap in gaps for path in base.leaves(gap.base)}


def _guessed(gap: Gap, wanted: Collection[Record]) -> list[tuple[Path, Path]]:
    """Fragments that stand at the same place of a gap, of those that are wanted."""
    return [(a, b) for a, b in zip(gap.base, gap.other, strict=False) if a[-1] in wanted]


def _open(base: Side, few: tuple[Side, Gaps], guesses: list[Path], many: Side) -> None:
    """Open what is compared, in one round from a bucket; it is kept there."""
    side, gaps = few
    work = [
        (base, [path for gap in gaps for path in gap.base]),
        (side, [path for gap in gaps for path in gap.other]),
        (many, guesses),
    ]
    base.objects.parallel(lambda item: item[0].fragments(item[1]), work)


def _still(side: Side, base: Side, gap: Gap) -> bool:
    """Whether each fragment has the rows of the base's at their places, and no row more."""
    pairs = zip(base.fragments(gap.base), side.fragments(gap.other), strict=True)
    return all(a.same_rows(b) and _none_back(a, b) for a, b in pairs)


def _none_back(before: OpenFragment, after: OpenFragment) -> bool:
    """Whether rows that were deleted still are."""
    if before.deletion is None or before.deletion == after.deletion:
        return True
    return bool(holds(after.deleted, before.deleted).all())


def _cut_at(base: Side, other: tuple[Side, Gaps], wanted: Collection[Record]) -> list[Gap] | None:
    """The gaps, each of some fragments of the base in one of its own; None if rows of it may be
    elsewhere now.
    """
    side, gaps = other
    found: list[Gap] = []
    for gap in gaps:
        pairs = _guessed(gap, wanted)
        if len(pairs) < sum(path[-1] in wanted for path in base.leaves(gap.base)):
            return None
        before = base.fragments([a for a, _ in pairs])
        after = side.fragments([b for _, b in pairs])
        if not all(_same_rows(a, b) for a, b in zip(before, after, strict=True)):
            return None
        start = 0
        for a, b in pairs:
            at = gap.base.index(a, start)
            found += [Gap(gap.base[start:at], gap.other[start:at]), Gap([a], [b])]
            start = at + 1
        found.append(Gap(gap.base[start:], gap.other[start:]))
    return [gap for gap in found if gap.base or gap.other]


def _same_rows(before: OpenFragment, after: OpenFragment) -> bool:
    return before.same_rows(after) and before.deletion == after.deletion
