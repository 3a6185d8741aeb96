"""What runs on a handle, so that another thread can stop it; and the steps of planning, counted.

Planning is work of ours, which no engine stops: whoever binds, tests or spells a part of a
statement takes a step. Every so many steps it is looked whether the statement was interrupted, and
one that takes more steps than there are for a statement is refused.
"""

from __future__ import annotations

from _thread import RLock, _local
from typing import TYPE_CHECKING, Protocol, Self
from weakref import WeakSet

from deeplake import settings
from deeplake.errors import QueryError, QuerySyntaxError
from deeplake.loading import in_forked_child

if TYPE_CHECKING:
    from types import TracebackType

LOOKS_EVERY = 256
"""Steps between two looks at whether the statement was interrupted: about 3 ms."""


class Stoppable(Protocol):
    """A part of a statement that runs in the engine."""

    def interrupt(self) -> None:
        """Stop it, from any thread."""


_lock = RLock()
"""Of all handles: none holds it for more than a microsecond, and a forked child needs a new one."""


@in_forked_child
def _after_fork_in_child() -> None:
    global _lock
    _lock = RLock()


class Control:
    """The statements of one handle that run, so that another thread can stop them."""

    def __init__(self) -> None:
        self._running: WeakSet[Stoppable] = WeakSet()

    def began(self, running: Stoppable) -> None:
        """Take a statement in, before anything of it is done."""
        with _lock:
            self._running.add(running)

    def ended(self, running: Stoppable) -> None:
        """Let go of one that is over, or goes on under another name."""
        with _lock:
            self._running.discard(running)

    def interrupt(self) -> int:
        """Stop all of them; how many there were. Their readers get a QueryError 57014."""
        with _lock:
            found = list(self._running)
        for running in found:
            running.interrupt()
        return len(found)


def cancelled() -> QueryError:
    """The error for a statement that was interrupted."""
    return QueryError("canceling statement due to user request.", sqlstate="57014")


class Planning:
    """A statement between its text and its first row: `with Planning(control): …`.

    What is done within by the same thread counts its steps here; a `Planning` within another is
    part of it.

    >>> with Planning() as planning:
    ...     take(3)
    >>> planning.taken
    3
    """

    def __init__(self, control: Control | None = None) -> None:
        self.control = control
        self.taken = 0
        """Steps so far."""
        self._begun_at = 0
        self._looks_at = LOOKS_EVERY
        self._stopped = False
        self._inside: WeakSet[Stoppable] = WeakSet()
        self._outer: Planning | None = None

    def __enter__(self) -> Self:
        self._outer = getattr(_here, "planning", None)
        if self._outer is None:
            _here.planning = self
            if self.control is not None:
                self.control.began(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._outer is None:
            _here.planning = None
            if self.control is not None:
                self.control.ended(self)

    def take(self, count: int) -> None:
        """Count some steps.

        Raises:
            QueryError: 57014, it was interrupted.
            QuerySyntaxError: 54001, one query of it takes more than `settings.PLAN_STEPS_MAX`.
        """
        self.taken += count
        if self.taken >= self._looks_at:
            self._looks_at = self.taken + LOOKS_EVERY
            self.look()
            if self.taken - self._begun_at > settings.PLAN_STEPS_MAX:
                raise too_complex(f"it takes over {settings.PLAN_STEPS_MAX:,} steps to plan")

    def look(self) -> None:
        """Go on, unless it was interrupted.

        Raises:
            QueryError: 57014.
        """
        if self._stopped:
            raise cancelled()

    def begin(self) -> None:
        """The next of the queries that a statement is made of: each has all the steps."""
        self._begun_at = self.taken

    def runs(self, running: Stoppable) -> None:
        """Take in what it has begun in the engine.

        Raises:
            QueryError: 57014, it was interrupted before.
        """
        self._inside.add(running)
        self.look()

    def interrupt(self) -> None:
        """Stop it, from any thread."""
        self._stopped = True
        for running in list(self._inside):
            running.interrupt()


_here = _local()


def take(count: int = 1) -> None:
    """Count steps of the statement that this thread plans, if it plans one; see `Planning.take`."""
    planning: Planning | None = getattr(_here, "planning", None)
    if planning is not None:
        planning.take(count)


def look() -> None:
    """Go on, unless the statement that this thread plans was interrupted."""
    planning: Planning | None = getattr(_here, "planning", None)
    if planning is not None:
        planning.look()


def planned_here() -> Planning | None:
    """The statement that this thread plans."""
    return getattr(_here, "planning", None)


def too_complex(why: str) -> QuerySyntaxError:
    """The error for a statement that is too large to plan."""
    return QuerySyntaxError(
        f"the statement is too complex: {why}.",
        hint="Pass values as parameters: = ANY(%s) takes a list of any length.",
        sqlstate="54001",
    )
