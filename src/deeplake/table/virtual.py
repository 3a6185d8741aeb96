"""Several common ancestors merged into one, as git's recursive strategy does.

The outcome is read like a commit, but its slot is kept in memory: a layer over the store that
nobody else sees. So is a merge that is looked at before it is published.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deeplake.errors import StateError
from deeplake.format.keys import CommitId
from deeplake.table.merge_tables import merge3
from deeplake.versioning.ancestry import merge_bases
from deeplake.versioning.assemble import Place, assemble
from deeplake.versioning.objects import Objects
from deeplake.versioning.snapshot import Snapshot
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.storage.store import Store

DEPTH_MAX = 64
"""Criss-cross merges of criss-cross merges: deeper than any history that people made."""


def virtual_base(objects: Objects, bases: Sequence[Snapshot], depth: int = 0) -> Snapshot:
    """The commit that two others come from.

    Args:
        bases: their best common ancestors; none means that they have nothing in common.

    Raises:
        StateError: ancestors are crossed deeper than any history should be.
    """
    if not bases:
        return Snapshot(objects, None)
    found = bases[0]
    for other in bases[1:]:
        if depth > DEPTH_MAX:
            raise StateError("the histories are crossed too deeply to be merged.")
        shared = virtual_base(objects, merge_bases(objects, found, other), depth + 1)
        found = _merged(objects, shared, found, other)
    return found


def _merged(objects: Objects, base: Snapshot, ours: Snapshot, theirs: Snapshot) -> Snapshot:
    """Two commits as one; cells in conflict get a version that neither has."""
    virtual = isinstance(ours.objects.store, _Layer)
    layered = ours.objects if virtual else objects  # which reads what was merged before
    merged = merge3(layered, base, ours, theirs, "virtual")
    time_us = max(s.header.time_us for s in (ours, theirs) if s.header is not None) + 1
    return as_commit(layered, ours, merged.staged, (*_stored(ours), *_stored(theirs)), time_us)


def as_commit(
    objects: Objects,
    parent: Snapshot,
    staged: Staged,
    parents: tuple[CommitId, ...] = (),
    time_us: int = 0,
) -> Snapshot:
    """What a merge would publish, to be read as a commit; it is one of no branch, in memory."""
    branch, nonce = (int.from_bytes(os.urandom(size), "little") for size in (6, 8))
    commit = CommitId(branch, 1, nonce)
    requires = {*staged.requires, *(() if parent.header is None else parent.header.requires)}
    place = Place(commit, parents, time_us, None, 1, tuple(sorted(requires)))
    made = assemble(objects, parent, staged, Stamp("", "", True, nonce), place)
    layer = Objects(_Layer(objects.store, commit.slot, b"".join(map(bytes, made.parts))))
    return Snapshot(layer, made.head, made.tables)


def _stored(side: Snapshot) -> tuple[CommitId, ...]:
    """The commits that a side stands for: itself, or those it was merged from."""
    if side.header is None:
        return ()
    virtual = isinstance(side.objects.store, _Layer)
    return side.header.parents if virtual else (side.header.commit_id,)


class _Layer:
    """A store with one more object, in memory. Reads only."""

    def __init__(self, store: Store, key: str, body: bytes) -> None:
        self._store = store
        self._key = key
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """See `Store.get`."""
        if key != self._key:
            return self._store.get(key, limit_bytes, start)
        return self._body[start : None if limit_bytes is None else start + limit_bytes]

    def get_range(self, key: str, start: int, length: int) -> Any:
        """See `Store.get_range`."""
        if key != self._key:
            return self._store.get_range(key, start, length)
        return self._body[start : start + length]

    def get_ranges(self, key: str, ranges: Any) -> Any:
        """See `Store.get_ranges`."""
        if key != self._key:
            return self._store.get_ranges(key, ranges)
        return [self._body[start : start + length] for start, length in ranges]
