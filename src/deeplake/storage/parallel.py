"""Blocking requests of one store, several at a time, on threads that start when first needed.

Knows no requests, only calls. Calls must not run others through the same lanes: with all lanes
waiting for lanes nothing would move.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

_Result = TypeVar("_Result")


class Lanes:
    """At most `count` calls at once. One call alone runs in the caller's thread.

    >>> Lanes(2).run([lambda: 1, lambda: 2])
    [1, 2]
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def run(self, calls: Sequence[Callable[[], _Result]]) -> list[_Result]:
        """The results in order. The first error is raised; calls not yet begun are dropped."""
        if len(calls) <= 1:
            return [call() for call in calls]
        pool = self._started()
        futures = [pool.submit(call) for call in calls]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def close(self) -> None:
        """Let running calls end and stop the threads; the next `run` starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _started(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # 12 ms to import: not on a cold path

        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="deeplake-io")
            return self._pool
