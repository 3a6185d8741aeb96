"""Where handles stand: repository, branch, snapshot, and one transaction over all tables.

A database and the tables it hands out share one stand, so they commit, roll back and move
together; a dataset opened by itself has its own. Threads may share one: writes take turns, and an
extend that one thread has begun is finished before another writes. What a single table shows is
the session's business.
"""

from __future__ import annotations

import os
from _thread import RLock  # what threading.RLock is, without the 0.6 ms of its module
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from deeplake.api.session import Session
from deeplake.errors import (
    ClosedError,
    InputError,
    PolicyError,
    ReadOnlyError,
    StagedChangesError,
    StateError,
)
from deeplake.versioning.history import open_commit
from deeplake.versioning.repository import Repository
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deeplake.api.block import Block
    from deeplake.format.keys import CommitId
    from deeplake.storage.store import Store
    from deeplake.table.key_history import KeysKnown
    from deeplake.table.transaction import Transaction
    from deeplake.versioning.refs import Branch

MESSAGE_BYTES_MAX = 1 << 16
"""A commit message lies in the slot's header, which every open reads."""

LONG_TAIL_LEVEL = 2
"""A node of this level at the end of a root was filled by the last commit: 32 x 32 fragments."""


class Stand:
    """The state that handles share.

    Args:
        repository: where.
        snapshot: the commit that is read.
        branch: where commits go; None makes the handles read-only.
    """

    def __init__(self, repository: Repository, snapshot: Snapshot, branch: Branch | None) -> None:
        self.repository = repository
        self.snapshot = snapshot
        self.branch = branch
        self.locks = _Locks()
        self.open_transaction: Transaction | None = None
        """What is staged; the sessions stage in it under the locks."""
        self.block: Block | None = None
        """Between BEGIN and COMMIT."""
        self.extending = False
        self._pinned_staged = False
        """A pinned view shows rows that were staged when it was made."""
        self._sessions: WeakValueDictionary[str, Session] | None = None
        """Made with the first: views, which pin a stand each, would be twice as slow to make."""
        self._keys_known: list[KeysKnown] = []
        """What transactions hand on to later ones; empty until a table with keys is written."""
        self._closed = False
        self._origin: Stand | None = None
        """The handle's, if this is a pinned one: it is closed with it."""
        self.optimizes = True
        """Whether small fragments are joined after a commit in a thousand."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as a place: store, commit, branch. No rows, no threads.

        Raises:
            StagedChangesError: two handles would publish the same staged rows.
        """
        self.settled("pickling or copying a handle")
        place = self.repository.store, self.snapshot.commit_id, self.branch
        return _at, (*place, self.optimizes, self.repository.objects.principal)

    def table(self, name: str) -> Session:
        """The session of one table: one however often it is asked for, while somebody holds it."""
        with self.locks.state:
            if self._sessions is None:
                self._sessions = WeakValueDictionary()
            found = self._sessions.get(name)
            if found is None:
                found = self._sessions[name] = Session(self, name)
            return found

    def pinned(self) -> Stand:
        """The same place for good, read-only."""
        found = Stand(self.repository, self.snapshot, None)
        found._pinned_staged = self.staged
        found._origin = self
        return found

    @property
    def staged(self) -> bool:
        """Whether there is anything to commit or roll back."""
        transaction = self.open_transaction
        return self._pinned_staged or (transaction is not None and transaction.staged)

    # --- writing ----------------------------------------------------------------------------

    def writable(self) -> Branch:
        """The branch that commits go to, of a handle that may write.

        Raises:
            PolicyError: it is restricted.
            ReadOnlyError: the handle was opened at a tag, a commit or a time.
        """
        unrestricted(self.repository, "writing")
        return self.on_branch()

    def on_branch(self) -> Branch:
        """The branch that the handle stands on.

        Raises:
            ReadOnlyError: it was opened at a tag, a commit or a time.
        """
        if self.branch is None:
            raise ReadOnlyError(
                f"this handle is read-only: it was opened at {self.snapshot.commit_id}, not at a "
                "branch.",
                hint="Open a branch, or make one here: ds.branch('name').",
            )
        return self.branch

    def transaction(self) -> Transaction:
        """The open transaction, begun if there is none."""
        branch = self.writable()
        self.not_closed()
        if self.open_transaction is None:
            from deeplake.table.transaction import Transaction

            self.open_transaction = Transaction(
                self.repository, branch, self.snapshot, self._keys_known
            )
            self.open_transaction.missed = True
        return self.open_transaction

    def commit(self, message: str, *, automatic: bool = False) -> Snapshot:
        """Publish what is staged, of all tables at once, and move to the new commit.

        Raises:
            CommitConflictError, CommitUnknownError, StoreError: everything stays staged.
            StateError: an extend is being fed by the caller.
        """
        with self.locks.writing, self.locks.state:
            self.not_closed()
            self.not_extending("commit()")
            transaction = self.open_transaction
            if transaction is not None and transaction.staged:
                made = transaction.commit(message, author_name(), automatic=automatic)
                self.snapshot, self.open_transaction, self.block = made, None, None
                self.changed()
                long = self._long_tails(made) if self.optimizes else ()
                if long:
                    from deeplake.api.optimizing import tidied  # after a commit in a thousand

                    self.snapshot = tidied(self, made, long)
                    self.changed()
                return made
            return self.snapshot

    def _long_tails(self, made: Snapshot) -> list[str]:
        """Tables of which a commit has just filled a node of 1,024 fragments or more."""
        header = made.header
        return [
            entry.name
            for entry in (() if header is None else header.tables)
            if "added" in entry.change
            and made.table(entry.name).records[-1].level >= LONG_TAIL_LEVEL
        ]

    def rollback(self) -> None:
        """Drop what is staged for any table."""
        with self.locks.writing, self.locks.state:
            self.extending = False
            self.block = None
            self.drop()

    def drop(self) -> None:
        """Drop the transaction; also deletes what it stored. The locks are held."""
        self.changed()
        transaction, self.open_transaction = self.open_transaction, None
        self.changed()
        if transaction is not None:
            transaction.abandon()

    def close(self) -> None:
        """Drop what is staged and release the store; readers and writers then refuse."""
        self.rollback()
        self._closed = True
        self.repository.store.close()

    # --- moving -----------------------------------------------------------------------------

    def move(self, snapshot: Snapshot, branch: Branch | None) -> None:
        """Stand somewhere else; nothing may be staged."""
        with self.locks.writing, self.locks.state:
            self.not_extending("moving to another commit")
            self.drop()
            self.snapshot, self.branch = snapshot, branch
            self.changed()

    def refresh(self, doing: str = "refresh()") -> None:
        """Move to the newest commit of the branch."""
        self.settled(doing)
        branch = self.on_branch()
        found = self.repository.head_after(branch, self.snapshot)
        same = found.commit_id == self.snapshot.commit_id and found.commit_id is not None
        if same and self.open_transaction is None and not self.extending:
            self.snapshot.read_s = found.read_s  # its tables are open already
        else:
            self.move(found, branch)

    def changed(self) -> None:
        """Tell the sessions that what they read may be another."""
        for reference in self._sessions.valuerefs() if self._sessions is not None else ():
            session = reference()
            if session is not None:
                session.changed()

    # --- what is refused ---------------------------------------------------------------------

    def not_closed(self) -> None:
        """Refuse on a closed handle.

        Raises:
            ClosedError
        """
        if self._origin is not None:
            self._origin.not_closed()
        if self._closed:
            raise ClosedError(
                f"this handle on {self.repository.store.url} was closed.",
                hint="Open another one.",
            )

    def not_extending(self, doing: str) -> None:
        """The generator behind an extend must not commit half of its rows.

        Raises:
            StateError: naming what was tried.
        """
        if self.extending:
            raise StateError(
                f"{doing} was called by the iterator whose rows are being staged.",
                hint="Let extend() finish first, or extend in several calls.",
            )

    def settled(self, doing: str) -> None:
        """Refuse while something is staged.

        Raises:
            StagedChangesError: naming what was tried.
        """
        if self.block is not None:
            raise StagedChangesError(
                f"{doing} cannot run between BEGIN and COMMIT.", hint="COMMIT or ROLLBACK first."
            )
        if self.staged:
            raise StagedChangesError(
                f"{doing} needs a commit, but changes are staged.",
                hint="Call commit() or rollback() first.",
            )


class _Locks:
    """One lock for a whole write, one for each step; new in a forked child, where a thread that
    holds them does not exist.
    """

    __slots__ = ("_process", "_state", "_writing")

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._writing, self._state = RLock(), RLock()

    @property
    def writing(self) -> AbstractContextManager[bool]:
        """From the first row of an extend to the last."""
        if self._process != os.getpid():
            self._renew()
        return self._writing

    @property
    def state(self) -> AbstractContextManager[bool]:
        """While what readers see is changing. Taken after `writing`, never before it."""
        if self._process != os.getpid():
            self._renew()
        return self._state


def _at(
    store: Store,
    commit: CommitId | None,
    branch: Branch | None,
    optimizes: bool = True,
    principal: Any = None,
) -> Stand:
    repository = Repository.open(store)
    objects = repository.objects
    objects.principal = principal
    snapshot = Snapshot(objects, None) if commit is None else open_commit(objects, commit)
    stand = Stand(repository, snapshot, branch)
    stand.optimizes = optimizes
    return stand


def unrestricted(repository: Repository, doing: str) -> None:
    """Refuse what could reach rows that a policy hides, or change them unseen.

    Raises:
        PolicyError: the handle is restricted.
    """
    if repository.objects.principal is not None:
        raise PolicyError(
            f"{doing} is refused: this handle has policies, so it reads the rows "
            "that these show, and no more.",
            hint="Use one that was opened without policies.",
        )


def optimizes(mode: Any) -> bool:
    """Whether a handle joins small fragments by the way.

    Raises:
        InputError: neither "auto" nor "off".
    """
    if mode not in ("auto", "off"):
        raise InputError(f"optimize is 'auto' or 'off', not {mode!r}.")
    return bool(mode == "auto")


def author_name() -> str:
    """DEEPLAKE_AUTHOR, or the account's name, for commits."""
    name = _named_by("DEEPLAKE_AUTHOR")
    return name or _account(os.getuid() if hasattr(os, "getuid") else 0)


def _named_by(variable: str) -> str:
    name = os.environ.get(variable, "").strip()
    return name[:200].encode("utf-8", "replace").decode("utf-8")


@lru_cache(8)
def _account(user_id: int) -> str:
    """The account's name; looked up once, since it takes 12 us of every commit."""
    for variable in ("USER", "LOGNAME", "USERNAME"):
        if name := _named_by(variable):
            return name
    try:
        import pwd

        return pwd.getpwuid(user_id).pw_name
    except (ImportError, KeyError):  # Windows, or an account without a name (containers)
        return "unknown"


def message_text(message: Any) -> str:
    """A commit message.

    Raises:
        InputError: it is no text, no valid Unicode, or longer than 64 KiB.
    """
    if not isinstance(message, str):
        raise InputError(f"a commit message is text, not {type(message).__name__}.")
    try:
        size = len(message.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InputError(f"the commit message is not valid Unicode: {error.reason}.") from None
    if size > MESSAGE_BYTES_MAX:
        raise InputError(
            f"a commit message of {size:,} bytes is over the limit of {MESSAGE_BYTES_MAX:,}."
        )
    return message
