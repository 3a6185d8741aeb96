"""What vacuums announce before they delete, and what writers announce before they rely on it.

Neither waits for the other. A vacuum creates a *plan*, then looks at pins, names and slots, then
deletes. A writer creates its *pin* (or name), then looks at plans, then goes on. Whichever comes
second sees the other: the vacuum keeps what is pinned, or the writer gives up. SPEC "Vacuum".
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deeplake.errors import (
    CommitConflictError,
    CommitUnknownError,
    MalformedObjectError,
    ObjectExistsError,
    ObjectNotFoundError,
    RefNotFoundError,
    StoreError,
)
from deeplake.format.keys import CommitId, expired_key, pack_key, parse_commit_id
from deeplake.format.sealed import seal, unseal
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deeplake.storage.store import ObjectInfo
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot

PLANS, PINS = "gc/", "refs/pins/"
_NAME = "[0-9a-f]{32}"
_OLDEST_AMONG = 8
"""Packs are stored four at a time, so the one stored first is among the first few."""


class Plan(NamedTuple):
    """What a vacuum may have deleted: packs in no commit stored at `cutoff_us` or before, by the
    store's clock, and the slots of each branch up to a sequence.
    """

    cutoff_us: int
    expired: dict[int, int]

    def covers(self, commit: CommitId) -> bool:
        """Whether a commit's slot may be gone."""
        return commit.sequence <= self.expired.get(commit.branch, 0)


class Pin(NamedTuple):
    """Commits and packs that somebody is about to refer to."""

    commits: tuple[CommitId, ...]
    packs: tuple[bytes, ...]


def read_plan(objects: Objects) -> Plan:
    """All plans as one: what may be gone."""
    keys = [info.key for info in listed(objects, PLANS)]
    raws = objects.parallel(objects.get_or_none, keys)
    found = [_plan(raw, key) for raw, key in zip(raws, keys, strict=True) if raw is not None]
    return union(found)


def union(plans: Iterable[Plan]) -> Plan:
    """What any of these plans may have deleted."""
    cutoff_us = 0
    expired: dict[int, int] = {}
    for plan in plans:
        cutoff_us = max(cutoff_us, plan.cutoff_us)
        for branch, sequence in plan.expired.items():
            expired[branch] = max(sequence, expired.get(branch, 0))
    return Plan(cutoff_us, expired)


def write_plan(objects: Objects, plan: Plan) -> str:
    """Announce a plan durably; returns its key."""
    for branch in plan.expired:
        try:
            objects.store.create(expired_key(branch), [seal({"branch": branch})])
        except ObjectExistsError:
            continue
    key = f"{PLANS}{os.urandom(16).hex()}"
    expired = {f"{branch:x}": sequence for branch, sequence in sorted(plan.expired.items())}
    objects.store.create(key, [seal({"cutoff": plan.cutoff_us, "expired": expired})])
    return key


def _plan(raw: bytes, key: str) -> Plan:
    document = unseal(raw, key)
    cutoff_us, expired = document.get("cutoff"), document.get("expired")
    if not isinstance(cutoff_us, int) or not isinstance(expired, dict):
        raise MalformedObjectError(f"the plan {key} is malformed.")
    try:
        return Plan(cutoff_us, {int(branch, 16): int(last) for branch, last in expired.items()})
    except (TypeError, ValueError) as error:
        raise MalformedObjectError(f"the plan {key} is malformed: {error}") from error


# --- pins -----------------------------------------------------------------------------------


def write_pin(objects: Objects, pin: Pin) -> str:
    """Announce a pin; returns its key. It counts for `settings.PIN_S_MAX`."""
    key = f"{PINS}{os.urandom(16).hex()}"
    document = {
        "commits": [str(commit) for commit in pin.commits],
        "packs": [pack.hex() for pack in pin.packs],
        "nonce": key[len(PINS) :],
    }
    objects.store.create(key, [seal(document)])
    return key


def read_pin(objects: Objects, key: str) -> Pin:
    """A pin; an empty one if it was removed meanwhile."""
    raw = objects.get_or_none(key)
    if raw is None:
        return Pin((), ())
    document = unseal(raw, key)
    try:
        return Pin(
            tuple(parse_commit_id(commit) for commit in document["commits"]),
            tuple(bytes.fromhex(pack) for pack in document["packs"]),
        )
    except (KeyError, TypeError, ValueError, RefNotFoundError) as error:
        raise MalformedObjectError(f"the pin {key} is malformed: {error!r}") from error


def pin_packs(objects: Objects, packs: Sequence[bytes]) -> str:
    """Announce a commit of packs that were stored a while ago; returns the pin's key.

    Raises:
        CommitConflictError: a vacuum may have deleted them.
    """
    key = write_pin(objects, Pin((), tuple(packs)))
    cutoff_us = read_plan(objects).cutoff_us
    if not cutoff_us:
        return key
    stored = objects.parallel(lambda pack: _stored_us(objects, pack), packs[:_OLDEST_AMONG])
    if min(stored, default=cutoff_us + 1) > cutoff_us:
        return key
    unpin(objects, key)
    raise CommitConflictError(
        "a vacuum ran while this transaction was open, and what it had stored by then may be gone.",
        hint="Roll back and stage the rows again; commit long ingests in parts.",
    )


def _stored_us(objects: Objects, pack: bytes) -> int:
    """When a pack was stored, by the store's clock; 0 if it is gone."""
    key = pack_key(pack)
    found = [info.modified_s for info in objects.store.list(key) if info.key == key]
    return int(found[0] * 1e6) if found else 0


@contextmanager
def kept(objects: Objects, sources: Iterable[Snapshot]) -> Iterator[None]:
    """Keep commits whose rows another commit is about to take over, until it has.

    Costs nothing for commits that users made, which never expire.

    Raises:
        RefNotFoundError: one of them is expiring.
    """
    headers = [source.header for source in sources]
    commits = [found.commit_id for found in headers if found is not None and found.automatic]
    if not commits:
        yield
        return
    key = write_pin(objects, Pin(tuple(commits), ()))
    try:
        refuse_expiring(objects, commits)
        yield
    except CommitUnknownError:
        raise  # it may land yet: a later vacuum removes the pin
    except BaseException:
        unpin(objects, key)
        raise
    unpin(objects, key)


def refuse_expired_slot(objects: Objects, made: CommitId) -> None:
    """Refuse to acknowledge a commit into a slot that was free only because a vacuum deleted it.

    Raises:
        CommitConflictError: it is, and was removed again.
    """
    if not read_plan(objects).covers(made):
        return
    unpin(objects, made.slot)
    raise CommitConflictError(
        "the commit that this transaction was built on has expired; nothing was published.",
        hint="Refresh the handle and apply the changes again.",
    )


def refuse_expiring(objects: Objects, commits: Iterable[CommitId]) -> None:
    """Refuse commits that a vacuum may be deleting. Whoever asks has named or pinned them first.

    Raises:
        RefNotFoundError
    """
    asked = list(commits)
    plan = read_plan(objects) if asked else Plan(0, {})
    for commit in asked:
        if plan.covers(commit):
            raise RefNotFoundError(
                f"commit {commit} is automatic and has expired in {objects.store.url}.",
                hint="Take a later commit.",
            )


def unpin(objects: Objects, key: str) -> None:
    """Remove a pin, best effort: one that is left is removed by a later vacuum."""
    try:
        objects.store.delete([key])
    except StoreError:
        return


def listed(objects: Objects, prefix: str) -> list[ObjectInfo]:
    """The plans or pins there are; other files in the folder are not ours."""
    found = objects.store.list(prefix)
    return [info for info in found if re.fullmatch(_NAME, info.key[len(prefix) :])]


def store_clock_s(objects: Objects) -> float:
    """What time it is where the objects get theirs: that of an object written for the purpose.

    It stays, and is replaced by the next one: another vacuum's is as good.
    """
    key = f"{PLANS}clock"
    objects.store.put(key, [b"tick\n"], durable=False)
    found = [info.modified_s for info in objects.store.list(key) if info.key == key]
    if not found:
        raise ObjectNotFoundError(
            f"{objects.store.url} does not list what was just stored in it, so nothing in it can "
            "be known to be unused.",
            hint="Vacuum needs a store whose listings are consistent.",
        )
    return found[0]
