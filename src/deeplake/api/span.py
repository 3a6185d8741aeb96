"""Two refs in one: "a..b" compares them, "a...b" is what b did since it left a."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import InputError
from deeplake.table.virtual import virtual_base
from deeplake.versioning.ancestry import merge_bases

if TYPE_CHECKING:
    from deeplake.api.stand import Stand
    from deeplake.versioning.history import Ref
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot

SINCE, BOTH = "...", ".."
"""Between two refs, as in Git; no name has two dots in a row."""


def spanned(stand: Stand, span: str, b: Ref | None) -> tuple[str, Snapshot, Snapshot]:
    """Title and commits of a span. A side that is left out is where the handle stands.

    Of "a...b" the older one is what both have in common, merged if that is several.

    Raises:
        InputError: there is a second ref, or the two have nothing in common.
    """
    dots = SINCE if SINCE in span else BOTH
    left, _, right = span.partition(dots)
    if b is not None:
        raise InputError(
            f"{span!r} names both sides, and there is another: {b!r}.",
            hint=f"diff({span!r}), or diff(a, b).",
        )
    repository = stand.repository
    old, new = (
        repository.resolve(ref).snapshot if ref else stand.snapshot for ref in (left, right)
    )
    here = stand.branch.name if stand.branch is not None else str(stand.snapshot.commit_id)
    left, right = left or here, right or here
    if dots == BOTH:
        return f"{left} → {right}", old, new
    base = _merge_base(repository, old, new, (left, right))
    return f"{left}...{right} ({right} since it left {left})", base, new


def _merge_base(
    repository: Repository, old: Snapshot, new: Snapshot, names: tuple[str, str]
) -> Snapshot:
    bases = merge_bases(repository.objects, old, new)
    if not bases:
        left, right = names
        raise InputError(
            f"{left!r} and {right!r} have no commit in common.",
            hint=f"diff({left!r}, {right!r}) compares them as they are.",
        )
    base = virtual_base(repository.objects, bases)
    base.objects.principal = repository.objects.principal  # a merged one is not of the repository
    return base
