"""Trees with some of their fragments replaced by new records, and nodes made for what is left.

Nodes on the way to a replaced fragment are opened and their records regrouped; all others are
taken over as they are. New nodes go where new fragments go, into packs.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.format import statistics as stats
from deeplake.format import tree
from deeplake.versioning.objects import merge_children

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.format.tree import Record
    from deeplake.table.compact import Rewriter
    from deeplake.table.walk import Path, Side

    New = Mapping[Record, tuple[Record, ...]]
    """Fragment -> what comes in its place."""


def replaced(side: Side, paths: Sequence[Path], new: New, above: set[Record]) -> list[Record]:
    """Some records of a tree with fragments below them replaced.

    Args:
        side: the tree.
        paths: of the records.
        new: fragments -> what comes in their place.
        above: all nodes that have one of these fragments below them.
    """
    found: list[Record] = []
    opened = [path for path in paths if path[-1] in above]
    children = dict(zip(opened, side.children(opened), strict=True))
    for path in paths:
        if path in children:
            found += replaced(side, children[path], new, above)
        else:
            found += new.get(path[-1], (path[-1],))
    return found


def grouped(records: Sequence[Record], rewriter: Rewriter) -> list[Record]:
    """A root for these records: 31 at most, all of one level."""
    found = list(records)
    while len(found) >= settings.FANOUT or len({record.level for record in found}) > 1:
        found = _lifted(found, min(record.level for record in found), rewriter)
    return found


def wrapped(records: Sequence[Record], level: int, rewriter: Rewriter) -> list[Record]:
    """The same rows as records of one level."""
    found = list(records)
    while any(record.level < level for record in found):
        found = _lifted(found, min(record.level for record in found), rewriter)
    return found


def _lifted(records: Sequence[Record], level: int, rewriter: Rewriter) -> list[Record]:
    """The same list with its records of the lowest level in nodes."""
    found: list[Record] = []
    for low, run in groupby(records, lambda record: record.level == level):
        several = list(run)
        if not low:
            found += several
            continue
        for at in range(0, len(several), settings.FANOUT):
            found.append(_node(several[at : at + settings.FANOUT], rewriter))
    return found


def _node(children: Sequence[Record], rewriter: Rewriter) -> Record:
    known = [rewriter.statistics(child) for child in children]
    block = tree.encode(children, stats.pack_children(known))
    made = rewriter.place(block, tree.total_rows(children), children[0].level + 1)
    rewriter.known[made] = merge_children(known)
    return made
