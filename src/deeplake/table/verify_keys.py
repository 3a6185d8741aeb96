"""Rows that share a key, looked for at every branch and tag, in memory of one size for any table.

Writers keep keys apart, so this finds what another program wrote, or a fault of ours.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from deeplake import settings
from deeplake.errors import DamageError, FormatVersionError, ObjectNotFoundError
from deeplake.format.keys import slot_key
from deeplake.table.columns import columns_of
from deeplake.table.damage import Damage
from deeplake.table.findings import mark
from deeplake.table.key_scan import read_keys, take_key
from deeplake.table.key_values import cells, is_exact, spread, told, value_of
from deeplake.table.table_tree import TableTree
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from deeplake.table.columns import Key
    from deeplake.table.findings import Findings, Place
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]


def unique_keys(objects: Objects, found: Findings) -> None:
    """Keys are unique within each table of a branch or tag; its key columns are read once more."""
    same: dict[tuple[str, tuple[bytes, ...], tuple[str, int]], list[Place]] = {}
    for place in set(found.roots.values()):
        for name, schema in found.keyed.get(place, {}).items():
            roots = found.tables[place][name]
            same.setdefault((name, roots, schema), []).append(place)
    for (name, _, _), places in same.items():
        place = min(places)
        try:
            for key, damage in _shared(objects, place, name):
                told_of = damage._replace(column="/".join(key.names), commit=found.slots.get(place))
                found.add(told_of, frozenset(map(mark, places)))
        except (DamageError, ObjectNotFoundError, FormatVersionError, ValueError):
            continue  # told already


def _shared(objects: Objects, place: Place, name: str) -> Iterator[tuple[Key, Damage]]:
    snapshot = Snapshot(objects, objects.read_slot(*place))
    state = snapshot.table(name)
    tree = TableTree(objects, snapshot.head, state.records)
    for key in columns_of(state.schema_block).keys:
        rows = _twice(objects, tree, key)
        if len(rows):
            value = told(key, value_of(key, take_key(objects, tree, key, rows[:1]), 0))
            what = f"keys that other rows have too, such as {value}"
            yield key, Damage(slot_key(*place), what, name, None, _ranges(tree, rows))


def _twice(objects: Objects, tree: TableTree, key: Key) -> Ints:
    """Positions of rows whose key another row has, so many as are named; ascending.

    The keys are read in several passes, each of which looks at those whose numbers leave the same
    remainder, so that equal ones meet.
    """
    passes = max(1, -(-tree.rows // settings.VERIFY_KEYS_MAX))
    found: list[Ints] = [np.zeros(0, np.int64)]
    for k in range(passes):
        hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for numbers, at in read_keys(objects, tree, key):
            mine = np.flatnonzero(spread(numbers) % np.uint64(passes) == k)
            hashes.append(numbers[mine])
            places.append(at[mine])
        whole, at = np.concatenate(hashes), np.concatenate(places)
        order = np.argsort(whole, kind="stable")
        equal = whole[order][1:] == whole[order][:-1]
        near = np.zeros(len(whole), np.bool_)
        near[1:] |= equal
        near[:-1] |= equal
        suspects = at[order][near][: settings.VERIFY_KEYS_NAMED]
        if len(suspects) and not is_exact(key):
            several = np.sort(suspects)
            known = cells(take_key(objects, tree, key, several), np.arange(len(several)))
            counts = Counter(known)
            suspects = several[np.array([counts[one] > 1 for one in known], np.bool_)]
        found.append(suspects)
    return np.sort(np.concatenate(found))[: settings.VERIFY_KEYS_NAMED]


def _ranges(tree: TableTree, rows: Ints) -> tuple[tuple[int, int], ...]:
    """The ids of some rows, as ranges."""
    parts = [fragment.live_ids()[inner] for fragment, inner, _ in tree.groups(rows)]
    ids = np.sort(np.concatenate(parts))
    cuts = np.flatnonzero(np.diff(ids) != 1) + 1
    return tuple((int(part[0]), int(part[-1])) for part in np.split(ids, cuts))
