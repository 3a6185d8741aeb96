"""Verifying ahead of a pass: checksums of the rows to come, in a thread beside the one that reads.

The first pass over a local table spends half of its time on checksums (41 MB of vectors: 2.5 of
5 ms), and its rows are known long before they are read. Reading stays as it was: what it finds
unverified it verifies, so it never waits for this thread and never relies on it.
"""

from __future__ import annotations

import os
from threading import Thread, current_thread
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import DeeplakeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.loaders.source import RowSource

THREAD_NAME = "deeplake-verifying"
LEAD = 5
"""Slabs left to the reader: what it verifies and reads itself while the thread verifies a frame."""


def spare_processor() -> bool:
    """Whether a thread more would run beside those that run now, on a processor of its own.

    Where it would not, it takes turns with the pass and makes it slower, by 13 % on two processors
    of which one was busy. Systems that do not say are taken for idle.
    """
    own = getattr(os, "sched_getaffinity", None)
    processors = len(own(0)) if own else os.cpu_count() or 1
    if processors < 2:
        return False
    try:
        with open("/proc/loadavg", "rb", buffering=0) as file:
            running = int(file.read(128).split()[3].split(b"/")[0])
    except (OSError, ValueError, IndexError):
        return True
    return running < processors


class Ahead:
    """Verifies the rows in front of a pass in order, `settings.VERIFIED_AHEAD_BYTES` at most.

    The thread ends whenever it is that far, and the pass starts another when it came near: nothing
    ever waits, so a pass that is left half way, or an interpreter that ends, finds no thread that
    does more than one step.

    Args:
        source: where.
        columns: whose bytes.
        slab: rows that the pass reads at a time.
        row_bytes: of these columns.
    """

    def __init__(
        self, source: RowSource, columns: Sequence[str], slab: int, row_bytes: int
    ) -> None:
        self._source = source
        self._columns = columns
        self._lead = LEAD * slab
        self._step = max(settings.VERIFIED_AT_ONCE_BYTES // row_bytes, 1)
        self._most = settings.VERIFIED_AHEAD_BYTES // row_bytes
        self._at = 0  # the pass
        self._done = 0  # the thread
        self._over = False
        self._thread: Thread | None = None

    def reached(self, row: int) -> None:
        """The pass comes to a row: start the thread, or another, if it is time."""
        self._at = row
        if self._over or self._done - row > self._most // 2:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._run, name=THREAD_NAME)
            try:
                self._thread.start()
            except RuntimeError:  # none to be had, or the interpreter ends: done without
                self._over, self._thread = True, None

    def close(self) -> None:
        """End the thread."""
        self._over = True
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()

    def _run(self) -> None:
        rows = self._source.rows
        while not self._over:
            low = max(self._done, self._at + self._lead)
            if low >= rows:
                self._over = True
            elif low - self._at > self._most:
                return
            else:
                self._done = min(low - low % self._step + self._step, rows)  # frames end there
                try:
                    for column in self._columns:
                        self._source.verify(column, range(low, self._done))
                except DeeplakeError:
                    self._over = True  # the pass comes to it and says which row
