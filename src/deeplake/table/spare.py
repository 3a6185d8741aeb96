"""Memory for what readers of changed fragments can make again, bounded for all of them together."""

from __future__ import annotations

from _thread import RLock  # what threading.RLock is, without the 0.6 ms of its module

SPARE_BYTES_MAX = 64 << 20
"""All changed columns of open fragments together keep so much beside what they read: labels of a
hundred fragments put together, or the places of the rows of 250."""


class SpareBytes:
    """Bytes that are lent as long as there are any.

    Nobody's are taken away: in a scan that comes round again, what was read first is as likely to
    be needed as what was read last, and nothing is made twice.

    >>> spare = SpareBytes(5)
    >>> spare.lend(3), spare.lend(3)
    (True, False)
    >>> spare.give_back(3)
    >>> spare.lend(3)
    True
    """

    __slots__ = ("_left", "_lock")

    def __init__(self, bytes_max: int = SPARE_BYTES_MAX) -> None:
        self._left = bytes_max
        self.after_fork_in_child()

    def after_fork_in_child(self) -> None:
        """A lock that no thread holds which is not here."""
        self._lock = RLock()  # a collector may give back while its thread borrows

    def lend(self, count: int) -> bool:
        """Whether so many were left; then they are the caller's."""
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def give_back(self, count: int) -> None:
        """Take back what was lent."""
        with self._lock:
            self._left += count
