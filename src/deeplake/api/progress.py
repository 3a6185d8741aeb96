"""Progress bars on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deeplake.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCALED_MIN = 10_000
"""Counts from here on are shown as 10.0k; tqdm would show 2 of 6 as 2.00/6.00."""


@contextmanager
def bar(title: str, rows: int, progress: bool | None) -> Iterator[Callable[[int], object]]:
    """A bar that is told how many more rows are done.

    Args:
        title: what is done.
        rows: how many there are.
        progress: show it; by default if stderr is a terminal.

    Raises:
        DependencyError: it was asked for, and tqdm is not installed.
    """
    tqdm = _tqdm(progress)
    if tqdm is None:
        yield lambda _: None
        return
    with tqdm(total=rows, unit=" rows", unit_scale=rows >= SCALED_MIN, desc=title) as shown:
        yield shown.update


@contextmanager
def bars(title: str, progress: bool | None) -> Iterator[Callable[[str, int, int], None]]:
    """A bar that is told (what, more, of how many), and begins anew with each new `what`.

    Raises:
        DependencyError: as of `bar`.
    """
    tqdm = _tqdm(progress)
    if tqdm is None:
        yield lambda _what, _more, _total: None
        return
    begun: dict[str, Any] = {}

    def told(what: str, more: int, total: int) -> None:
        if what not in begun:
            for one in begun.values():
                one.close()
            scaled = total >= SCALED_MIN
            begun[what] = tqdm(total=total or None, desc=f"{title}: {what}", unit_scale=scaled)
        begun[what].update(more)

    try:
        yield told
    finally:
        for one in begun.values():
            one.close()


def _tqdm(progress: bool | None) -> Any:
    """What draws bars; None if none is wanted, or nobody asked and it is not there."""
    if not (sys.stderr.isatty() if progress is None else progress):
        return None
    try:
        from tqdm import tqdm
    except ImportError as error:
        if progress is None:
            return None
        raise DependencyError(
            f"a progress bar needs tqdm, which is not installed ({error}).",
            hint="pip install tqdm, or leave out progress=True.",
        ) from error
    return tqdm
