"""Memory of what was read and freed stays with the process for the next read."""

from __future__ import annotations

from deeplake import settings

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
    """
    global _done
    if _done:
        return
    _done = True
    if settings.HEAP_KEPT_BYTES:
        bytes(settings.HEAP_KEPT_BYTES)  # by calloc, so not touched; a bytearray would be
