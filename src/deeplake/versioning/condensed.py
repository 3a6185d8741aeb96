"""Stand-ins: trees of old commits that refer to joined fragments, read in place of their own.

A commit that nobody lets expire would keep the small slots that its tree names. Its stand-in has
the same rows, cells, ids and versions, and names larger objects that newer commits need anyway.
The commit's slot stays as it is; whoever opens a commit that may not be the newest of its branch
asks for the stand-in. SPEC "Stand-ins".
"""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import (
    CommitConflictError,
    FormatVersionError,
    MalformedObjectError,
    ObjectExistsError,
    RefNotFoundError,
)
from deeplake.format.keys import STAND_INS_TOGETHER, CommitId, condensed_key, parse_commit_id
from deeplake.format.sealed import seal, unseal
from deeplake.format.slot import FEATURES, BlockRef
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deeplake.format.slot import SlotHead
    from deeplake.storage.store import ObjectInfo
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot

FEATURE = "condensed"
"""Required by commits upon whose trees stand-ins may be built: who reads these knows of them."""

PREFIX = "refs/condensed/"
_KEY = "refs/condensed/([0-9a-f]{12})/([0-9a-f]{16})/([0-9a-f]{8})"
_TRIES_MAX = 16


class StandIn(NamedTuple):
    """The tables of a commit as its stand-in has them: table id -> schema and root."""

    commit_id: CommitId
    requires: tuple[str, ...]
    tables: dict[int, tuple[BlockRef, BlockRef]]


class Version(NamedTuple):
    """One version of the object that holds the stand-ins of neighbouring slots."""

    number: int
    stand_ins: dict[int, StandIn]
    """Sequence -> stand-in."""


def read_version(objects: Objects, branch: int, sequence: int) -> Version | None:
    """The newest version of the object that would hold a slot's stand-in; None if there is none.

    Raises:
        DamageError: it is not what was written.
    """
    number, last = 0, None
    while True:
        key = condensed_key(branch, sequence, number)
        raw = objects.get_or_none(key)
        if raw is None:
            return None if last is None else Version(number - 1, decode(*last))
        number, last = number + 1, (raw, key)


def as_condensed(objects: Objects, head: SlotHead) -> SlotHead:
    """A commit with the tables that it is to be read by: those of its stand-in, if it has one.

    Raises:
        DamageError: the stand-in is not what was written.
        FormatVersionError: it needs a newer deeplake.
    """
    commit = head.header.commit_id
    found = read_version(objects, commit.branch, commit.sequence)
    return head if found is None else standing_in(head, found.stand_ins.get(commit.sequence))


def read_condensed(objects: Objects, branch: int, sequence: int) -> SlotHead | None:
    """What a slot holds, with the tables that it is to be read by: both are asked for at once.

    Raises:
        DamageError, FormatVersionError: as for the slot alone, and of the stand-in.
    """
    asked: list[Callable[[int, int], SlotHead | Version | None]] = [
        objects.read_slot_again,
        partial(read_version, objects),
    ]
    head, found = objects.parallel(lambda ask: ask(branch, sequence), asked)
    if head is None or found is None:
        return head  # type: ignore[return-value]
    return standing_in(head, found.stand_ins.get(sequence))  # type: ignore[arg-type, union-attr]


def standing_in(head: SlotHead, found: StandIn | None) -> SlotHead:
    """A commit with the tables of a stand-in, if that is its."""
    header = head.header
    if found is None or found.commit_id != header.commit_id:
        return head
    unknown = [feature for feature in found.requires if feature not in FEATURES]
    if unknown:
        raise FormatVersionError(
            f"the stand-in of commit {header.commit_id} needs the features {', '.join(unknown)}, "
            "unknown to this deeplake.",
            hint="Upgrade deeplake.",
        )
    entries = []
    for entry in header.tables:
        refs = found.tables.get(entry.table_id)
        entries.append(entry if refs is None else entry._replace(schema=refs[0], root=refs[1]))
    requires = tuple(sorted({*header.requires, *found.requires}))
    return head._replace(header=header._replace(tables=tuple(entries), requires=requires))


def write_stand_ins(objects: Objects, made: Iterable[StandIn]) -> None:
    """Announce stand-ins durably: each is read from now on.

    Raises:
        StoreError, CommitConflictError
    """
    together: dict[tuple[int, int], dict[int, StandIn]] = {}
    for one in made:
        commit = one.commit_id
        number = commit.sequence // STAND_INS_TOGETHER
        together.setdefault((commit.branch, number), {})[commit.sequence] = one
    for (branch, place), several in sorted(together.items()):
        _write(objects, branch, place * STAND_INS_TOGETHER, several)


def _write(objects: Objects, branch: int, sequence: int, several: dict[int, StandIn]) -> None:
    """The next version of one object: what it holds, and these."""
    for _ in range(_TRIES_MAX):
        last = read_version(objects, branch, sequence)
        number = 0 if last is None else last.number + 1
        whole = several if last is None else {**last.stand_ins, **several}
        if last is not None and whole == last.stand_ins:
            return  # an attempt whose answer was lost
        try:
            objects.store.create(condensed_key(branch, sequence, number), [encode(whole)])
        except ObjectExistsError:
            continue  # another vacuum's, or ours
        return
    raise CommitConflictError(
        f"other vacuums wrote the stand-ins of branch {branch:x} {_TRIES_MAX} times meanwhile.",
        hint="Nothing was lost; run it again.",
    )


def encode(stand_ins: dict[int, StandIn]) -> bytes:
    """One version as bytes."""
    found = {}
    for _, one in sorted(stand_ins.items()):
        tables = {
            f"{table_id:x}": [[key, offset, length, f"{crc:08x}"] for key, offset, length, crc in r]
            for table_id, r in sorted(one.tables.items())
        }
        found[str(one.commit_id)] = {"requires": one.requires, "tables": tables}
    return seal({"commits": found})


def decode(raw: bytes, key: str) -> dict[int, StandIn]:
    """Sequence -> stand-in.

    Raises:
        ChecksumError, MalformedObjectError
    """
    document = unseal(raw, key)
    found = {}
    try:
        for text, entry in document["commits"].items():
            commit = parse_commit_id(text)
            tables = {int(t, 16): (_ref(s), _ref(r)) for t, (s, r) in entry["tables"].items()}
            requires = tuple(str(feature) for feature in entry["requires"])
            found[commit.sequence] = StandIn(commit, requires, tables)
    except (AttributeError, KeyError, TypeError, ValueError, RefNotFoundError) as error:
        raise MalformedObjectError(f"{key} is malformed: {error!r}") from error
    return found


def _ref(found: list[object]) -> BlockRef:
    key, offset, length, crc = found
    if not isinstance(key, str) or not re.fullmatch("[a-z0-9._=/-]+", key):
        raise ValueError(f"{key!r} is no key")
    if not isinstance(offset, int) or not isinstance(length, int) or min(offset, length) < 0:
        raise ValueError(f"{offset!r}, {length!r} is no place")
    return BlockRef(key, offset, length, int(str(crc), 16))


# --- what vacuums and writers ask ---------------------------------------------------------------


class Listed(NamedTuple):
    """The object of some stand-ins as it was listed."""

    info: ObjectInfo
    branch: int
    place: int
    number: int


def listed(objects: Objects) -> list[Listed]:
    """Every version of every such object, older ones first."""
    found = []
    for info in objects.store.list(PREFIX):
        match = re.fullmatch(_KEY, info.key)
        if match is not None:
            found.append(Listed(info, *(int(part, 16) for part in match.groups())))
    return sorted(found, key=lambda one: one[1:])


def newest(objects: Objects) -> list[Listed]:
    """The version of each object that counts."""
    last = {(one.branch, one.place): one for one in listed(objects)}
    return list(last.values())


def is_old(source: Snapshot) -> bool:
    """Whether a vacuum may soon take a stand-in for a commit that had none as it was opened.

    It counts for vacuums only when it is as old as their grace, ten times this.
    """
    return time.monotonic() - source.read_s > settings.PARENT_AGE_S_MAX


def refuse_replaced(objects: Objects, source: Snapshot) -> None:
    """Refuse a commit that has another stand-in than as it was opened. Who asks has pinned it.

    Raises:
        CommitConflictError
    """
    if source.head is None or as_condensed(objects, source.head).header.tables == (
        source.head.header.tables
    ):
        return
    raise CommitConflictError(
        f"commit {source.commit_id} was opened long ago, and what it was read from may have been "
        "deleted by a vacuum since; nothing was published.",
        hint="Refresh the handle and apply the changes again.",
    )
