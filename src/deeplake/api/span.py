"""Two refs in one, "a...b": what b did since it left a."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import InputError
from deeplake.table.virtual import virtual_base
from deeplake.versioning.ancestry import merge_bases

if TYPE_CHECKING:
    from deeplake.api.stand import Stand
    from deeplake.versioning.history import Ref
    from deeplake.versioning.snapshot import Snapshot

SINCE = "..."
"""Between two refs, as in Git; no name has two dots in a row."""


def since(stand: Stand, span: str, b: Ref | None) -> tuple[str, str | None, Snapshot, Snapshot]:
    """Names and commits of "a...b": b, and what it has in common with a, merged if it is several.

    Raises:
        InputError: there is a second ref, or the two have nothing in common.
    """
    left, _, right = span.partition(SINCE)
    if b is not None:
        raise InputError(
            f"{span!r} names both sides, and there is another: {b!r}.",
            hint=f"diff({span!r}), or diff(a, b).",
        )
    repository = stand.repository
    sides = [repository.resolve(ref).snapshot if ref else stand.snapshot for ref in (left, right)]
    bases = merge_bases(repository.objects, *sides)
    if not bases:
        raise InputError(
            f"{left!r} and {right!r} have no commit in common.",
            hint=f"diff({left!r}, {right!r}) compares them as they are.",
        )
    base = virtual_base(repository.objects, bases)
    base.objects.principal = repository.objects.principal  # a merged one is not of the repository
    here = stand.branch.name if stand.branch is not None else None
    return f"{left or here}...", right or here, base, sides[1]
