"""What `vacuum` and `verify` return, and how they are run: a bar, and reports worth reading."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deeplake import amounts, settings
from deeplake.api.progress import bars
from deeplake.api.stand import unrestricted
from deeplake.errors import InputError
from deeplake.versioning.vacuum import Freed, vacuum

if TYPE_CHECKING:
    from deeplake.api.stand import Stand
    from deeplake.table.damage import Damage
    from deeplake.versioning.history import Ref
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.vacuum import Swept

DAMAGES_SHOWN = 20


class Vacuumed:
    """What a vacuum deleted; after a dry run, what it would have.

    Attributes:
        objects: how many objects, and `bytes` how many bytes.
        kinds: "packs" (rows nobody committed), "commits" (automatic ones) and "notes" (of earlier
            vacuums and of writers that died) -> (objects, bytes).
        young: (objects, bytes) of packs in no commit that are too young.
        kept: (objects, bytes) of packs in use.
        dry_run: whether nothing was deleted.
    """

    def __init__(self, url: str, swept: Swept, older_than: timedelta, *, dry_run: bool) -> None:
        self.url = url
        self.kinds = {"packs": swept.packs, "commits": swept.commits, "notes": swept.notes}
        self.objects = sum(kind.objects for kind in self.kinds.values())
        self.bytes = sum(kind.bytes for kind in self.kinds.values())
        self.kept, self.young = swept.kept_packs, swept.young_packs
        self.older_than = older_than
        self.dry_run = dry_run

    def __repr__(self) -> str:
        done = "would free" if self.dry_run else "freed"
        lines = [f"vacuum of {self.url}, older than {_span(self.older_than)}: {done} {_sum(self)}"]
        lines += [f"  {name:<8} {_sum(kind)}" for name, kind in self.kinds.items() if kind.objects]
        lines.append(f"  in use   {_sum(self.kept)}")
        if self.young.objects:
            lines.append(f"  young    {_sum(self.young)}, in no commit: unused, or staged just now")
        return "\n".join(lines)


class Verified:
    """What a verification found.

    Attributes:
        ok: whether everything is whole.
        commits, objects, bytes: how many were read and checked.
        damages: what is not as it was written, each with `key`, `what`, `table`, `column`,
            `rows` (ranges of row ids), `commit` and `refs` (names whose tables it costs rows).
    """

    def __init__(
        self, url: str, commits: int, objects: int, size: int, damages: list[Damage]
    ) -> None:
        self.url = url
        self.commits, self.objects, self.bytes = commits, objects, size
        self.damages = damages

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damages

    def __repr__(self) -> str:
        read = f"{self.commits:,} commits, {self.objects:,} objects, {amounts.size(self.bytes)}"
        if self.ok:
            return f"{self.url} is whole: {read} read"
        lines = [f"{self.url} is damaged in {len(self.damages):,} places; {read} read"]
        lines += [f"  {damage}" for damage in self.damages[:DAMAGES_SHOWN]]
        if len(self.damages) > DAMAGES_SHOWN:
            lines.append(f"  and {len(self.damages) - DAMAGES_SHOWN:,} more, in .damages")
        return "\n".join(lines)


def vacuumed(
    stand: Stand, older_than: Any, dry_run: bool, no_writers: bool, progress: bool | None
) -> Vacuumed:
    """Run a vacuum and report.

    Raises:
        InputError, StagedChangesError, DamageError, StoreError
    """
    from deeplake.table.condense import condense  # a third of what a vacuum imports

    grace = _grace(older_than, no_writers)
    stand.not_closed()
    unrestricted(stand.repository, "vacuum()")
    stand.settled("vacuum()")
    objects = stand.repository.objects
    with bars("vacuum", progress) as told:
        swept = vacuum(
            objects, grace.total_seconds(), dry_run=dry_run, no_writers=no_writers, progress=told,
            condense=condense,
        )  # fmt: skip
    return Vacuumed(objects.store.url, swept, grace, dry_run=dry_run)


def _grace(older_than: Any, no_writers: bool) -> timedelta:
    if older_than is None:
        return timedelta(seconds=settings.GRACE_S)
    found: timedelta
    if isinstance(older_than, timedelta):
        found = older_than
    else:
        if isinstance(older_than, bool) or not isinstance(older_than, int | float):
            raise InputError(
                f"older_than is a timedelta or seconds, not {older_than!r}.",
                hint="For example timedelta(days=7).",
            )
        try:
            found = timedelta(seconds=older_than)
        except (OverflowError, ValueError) as error:
            raise InputError(f"older_than cannot be {older_than!r} seconds: {error}.") from None
    if found < timedelta(0):
        raise InputError(f"older_than cannot be one of {_span(found)}: nothing is from the future.")
    if found < timedelta(seconds=settings.GRACE_S_MIN) and not no_writers:
        least = _span(timedelta(seconds=settings.GRACE_S_MIN))
        raise InputError(
            f"older_than of {_span(found)} would delete what a writer is about to commit.",
            hint=f"Pass {least} or more; or no_writers=True, if you know that nobody writes here "
            "now.",
        )
    return found


def verified(repository: Repository, at: Ref | None, progress: bool | None) -> Verified:
    """Verify a repository and report.

    Raises:
        RefNotFoundError, StoreError
    """
    from deeplake.table.verify import verify

    unrestricted(repository, "verify()")
    objects = repository.objects
    snapshot = None if at is None else repository.resolve(at).snapshot
    with bars("verify", progress) as told:
        found = verify(objects, snapshot, told)
    return Verified(objects.store.url, found.commits, found.objects, found.bytes, found.damages)


def _span(span: timedelta) -> str:
    """A span of time in words.

    >>> _span(timedelta(days=7)), _span(timedelta(hours=1, seconds=90))
    ('7 days', '1 hour 1 minute 30 seconds')
    """
    sign, rest = ("-", -span) if span < timedelta(0) else ("", span)
    hours, seconds = divmod(rest.seconds, 3600)
    parts = [
        (rest.days, "day"),
        (hours, "hour"),
        (seconds // 60, "minute"),
        (round(seconds % 60 + rest.microseconds / 1e6, 6), "second"),
    ]
    told = [f"{sign}{n:,g} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n]
    return " ".join(told) or "0 seconds"


def _sum(found: Freed | Vacuumed) -> str:
    return f"{amounts.count(found.objects, 'object')}, {amounts.size(found.bytes)}"
