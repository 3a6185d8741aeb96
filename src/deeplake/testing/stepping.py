"""Time and turns that a test decides: a store with a clock, and threads that take steps in turn.

For what must hold however two processes interleave: run both to every pair of operations.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from deeplake.errors import DeeplakeError
from deeplake.storage.memory import MemoryStore
from deeplake.storage.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deeplake.storage.store import Store
    from deeplake.types.base import Buffer

WAIT_S_MAX = 60
"""Longest wait for a thread's next operation: one that hangs fails the test instead."""


class ClockStore(MemoryStore):
    """A memory store whose objects are as old as the test says.

    >>> store = ClockStore()
    >>> store.put("a", [b"1"])
    1
    >>> store.now_s = 60.0
    >>> [info.modified_s for info in store.list("a")]
    [0.0]
    """

    def __init__(self, now_s: float = 0.0) -> None:
        super().__init__("")
        self.now_s = now_s
        self.times: dict[str, float] = {}

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        self.times[key] = self.now_s
        return super().put(key, parts, durable=durable)

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        written = super().create(key, parts)
        self.times[key] = self.now_s
        return written

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for info in super().list(prefix):
            yield ObjectInfo(info.key, info.size_bytes, self.times.get(info.key, self.now_s))

    def there(self) -> set[str]:
        """Every key there is."""
        return set(self._objects)


class Stepper:
    """Threads whose store operations happen one at a time, in an order that the test chooses.

    Attributes:
        steps: name -> operations taken so far.
        errors: name -> what it raised.
    """

    def __init__(self, store: Store) -> None:
        self.inner = store
        self.steps: dict[str, int] = {}
        self.errors: dict[str, DeeplakeError] = {}
        self._changed = threading.Condition()
        self._waiting: dict[str, int] = {}
        """Operations that wait for their turn: more than one if a thread has started others."""
        self._turns: dict[str, int] = {}
        self._ended: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}

    def start(self, name: str, work: Callable[[Store], object]) -> None:
        """A thread that stops before its first operation."""
        self.steps[name] = self._waiting[name] = self._turns[name] = 0

        def run() -> None:
            try:
                work(SteppedStore(self, name))
            except DeeplakeError as error:
                self.errors[name] = error
            finally:
                with self._changed:
                    self._ended.add(name)
                    self._changed.notify_all()

        self._threads[name] = threading.Thread(target=run)
        self._threads[name].start()
        self._settle(name)

    def step(self, name: str, count: int | None = None) -> None:
        """Let a thread do that many operations, or all that are left."""
        while count is None or count > 0:
            with self._changed:
                if name in self._ended:
                    break
                self._waiting[name] -= 1
                self._turns[name] += 1
                self._changed.notify_all()
            self._settle(name)
            count = None if count is None else count - 1

    def _settle(self, name: str) -> None:
        """Wait until its operation is done and it waits for another turn, or has ended."""

        def settled() -> bool:
            taken = not self._turns[name]
            return taken and (self._waiting[name] > 0 or name in self._ended)

        with self._changed:
            if not self._wait_for(settled):
                raise TimeoutError(f"{name} does not come to its next operation")

    def _wait_for(self, there: Callable[[], bool]) -> bool:
        """Wait so many seconds of this process at most: a pause of the machine counts as one."""
        return any(self._changed.wait_for(there, 1) for _ in range(WAIT_S_MAX))

    def operate(self, name: str, do: Callable[[], Any]) -> Any:
        """Called by a thread: do something when it is given a turn."""
        with self._changed:
            self._waiting[name] += 1
            self._changed.notify_all()
            if not self._wait_for(lambda: self._turns[name] > 0):
                raise TimeoutError(f"{name} is given no turn")
            try:
                return do()
            finally:
                self._turns[name] -= 1
                self.steps[name] += 1
                self._changed.notify_all()


class SteppedStore:
    """The store of one thread of a `Stepper`."""

    remote = False

    def __init__(self, stepper: Stepper, name: str) -> None:
        self._stepper, self._name = stepper, name
        self.url = stepper.inner.url

    def __getattr__(self, kind: str) -> Any:
        do = self._list if kind == "list" else getattr(self._stepper.inner, kind)

        def call(*args: Any, **options: Any) -> Any:
            found = self._stepper.operate(self._name, partial(do, *args, **options))
            return iter(found) if kind == "list" else found

        return call

    def delete(self, keys: Iterable[str]) -> None:
        """One operation for each key."""
        for key in keys:
            self._stepper.operate(self._name, partial(self._stepper.inner.delete, [key]))

    def _list(self, prefix: str) -> list[ObjectInfo]:
        return list(self._stepper.inner.list(prefix))

    def close(self) -> None:
        """Left to the test."""


def schedules(first: int, second: int, stride: int = 1) -> list[tuple[int, int]]:
    """(steps of one, then steps of the other), both then run to their ends."""
    return [(a, b) for a in range(0, first + 1, stride) for b in range(0, second + 1, stride)]
