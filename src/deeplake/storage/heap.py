"""Memory of what was read and freed stays with the process for the next read."""

from __future__ import annotations

from deeplake import settings
from deeplake.errors import InputError

KEPT_BYTES_MAX = 1 << 40

_done = False


def keep_freed() -> None:
    """Let the allocator keep freed memory, up to twice `settings.HEAP_KEPT_BYTES`; once a process.

    glibc returns the top of its heap to the system from 128 KiB on, so that every batch of values
    is written into pages that the system has to clear first: 20 values of 256 KiB took 1.87 ms to
    copy, 1.4 of it in page faults, and take 0.16. It stops once a larger block was mapped and
    freed, as happens to whoever drops an array of some MB (mallopt(3), M_MMAP_THRESHOLD: "dynamic
    mmap threshold"). Such a block is taken and freed here, in 22 us and without being touched.
    Other allocators are not concerned, and MALLOC_TRIM_THRESHOLD_ in the environment has the last
    word.

    Raises:
        InputError: the setting makes no sense.
    """
    global _done
    if _done:
        return
    kept = settings.HEAP_KEPT_BYTES
    if not isinstance(kept, int) or not 0 <= kept <= KEPT_BYTES_MAX:
        raise InputError(
            f"deeplake.settings.HEAP_KEPT_BYTES is {kept!r:.60}, which is no whole number from 0 "
            f"to {KEPT_BYTES_MAX:,}.",
            hint="Set it to 0 to leave the allocator alone, or leave it as it was.",
        )
    _done = True
    if kept:
        bytes(kept)  # by calloc, so not touched; a bytearray would be
