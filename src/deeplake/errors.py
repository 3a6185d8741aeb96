"""Every error that deeplake raises, as one tree sorted by what a caller can do about it.

    DeeplakeError
    |- InputError                fix the call or the value; nothing was written
    |  |- InvalidValueError          a value does not fit its column (also ValueError)
    |  |  |- DimensionError          wrong length, rank or fixed axis
    |  |  |- DtypeError              wrong kind of value or element type (also TypeError)
    |  |  |- NumericOverflowError    out of the column's range
    |  |  |- NotFiniteError          NaN or infinity in a vector
    |  |  |- NullValueError          NULL in a not_null column
    |  |  |- TextEncodingError       text that is not UTF-8
    |  |  |- MediaError              bytes that are no image, video or audio we know
    |  |  `- ValueTooLargeError      over the size limit of one value
    |  |- RaggedColumnsError         columns of unequal length
    |  |- UniqueViolationError       a key that another row has
    |  |- CheckViolationError, ForeignKeyError   what SQL declared of rows does not hold
    |  |- SourceNotFoundError        a file or folder to read from is missing
    |  |- SchemaError                a schema or type declaration that makes no sense
    |  |- InvalidNameError           a branch, tag, table or column name we refuse
    |  |- InvalidUrlError            a URL we cannot resolve
    |  |- RowIndexError              a row position out of range (also IndexError)
    |  `- QueryError                 a statement that is wrong, or fails on its rows
    |     |- QuerySyntaxError            it is no SQL
    |     `- UnsupportedQueryError       SQL that we know of and do not do
    |- MissingError              pick another name, or create it first
    |  |- RepositoryNotFoundError, TableNotFoundError, ColumnNotFoundError (also KeyError)
    |  `- RefNotFoundError           no such branch, tag or commit
    |- ExistsError               pick another name
    |  `- TableExistsError, RefExistsError
    |- StateError                the handle is not in a state that allows this
    |  |- ReadOnlyError, StagedChangesError, ForkedProcessError, ClosedError
    |  |- PolicyError                a handle that sees some rows only may not do this
    |  `- BranchNotMergedError       deleting it would leave commits without a name
    |- ConcurrencyError          look, then retry
    |  |- MergeConflictError         both sides changed the same; `conflicts` says what
    |  |- CommitConflictError        another commit won and the changes overlap
    |  |- BranchClosedError          the branch was deleted meanwhile
    |  `- CommitUnknownError         the store never said whether the commit landed
    |- DamageError               stored bytes are not what was written; never returned as data
    |  `- ChecksumError, TruncatedObjectError, MalformedObjectError
    |- FormatVersionError        written by a newer deeplake
    |- StoreError                the disk or bucket failed
    |  |- ObjectNotFoundError, ObjectExistsError
    |  `- StorePermissionError, StoreFullError, StoreUnavailableError
    `- DependencyError           an optional package is not installed

Codes and SQLSTATEs are stable: they are added, never renamed. One warning stands beside the tree,
StagedRowsWarning: rows were staged and went with their handle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from deeplake import loading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class DeeplakeError(Exception):
    """Root of the tree. `code` and `sqlstate` are stable; `hint` says the way out.

    `column` and `row` say where the value to blame stands, if it is one of a table that was
    streamed.
    """

    code: ClassVar[str] = "error"
    sqlstate: ClassVar[str] = "XX000"

    column: str | None = None
    row: int | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[DeeplakeError], message: str, hint: str) -> DeeplakeError:
    return kind(message, hint=hint)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known names, or lists a few of them.

    >>> did_you_mean("lable", ["label", "image"])
    "Did you mean 'label'?"
    >>> did_you_mean("Id", ["d", "id"])
    "Did you mean 'id'?"
    """
    names = list(known)
    near = close(name, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    if not names:
        return "There are none yet."
    shown = ", ".join(repr(n) for n in names[:8])
    return f"There are: {shown}{', …' if len(names) > 8 else ''}."


def close(name: str, known: Iterable[str]) -> str | None:
    """The nearest of some names; None if none is near."""
    from difflib import get_close_matches  # 0.5 ms, and only a failure needs it

    names = list(known)
    folded = [n for n in names if n.casefold() == name.casefold()]
    near = folded or get_close_matches(name, names, n=1, cutoff=0.6)
    return near[0] if near else None


# --- fix the call or the value -------------------------------------------------------------


class InputError(DeeplakeError):
    """Bad input, refused before anything was written.

    `row` is the position in the batch of the value to blame, if there is one; `detail` is the
    message without the place, so that a list can say where inside its row the value stands.
    """

    code = "bad_input"
    sqlstate = "22023"

    detail: str = ""


class InvalidValueError(InputError, ValueError):
    """A value does not fit its column."""

    code = "invalid_value"
    sqlstate = "22000"


class DimensionError(InvalidValueError):
    """Wrong vector length, tensor rank or fixed axis."""

    code = "wrong_dimension"
    sqlstate = "22000"


class DtypeError(InvalidValueError, TypeError):
    """Wrong kind of value or element type."""

    code = "wrong_dtype"
    sqlstate = "42804"


class NumericOverflowError(InvalidValueError):
    """A number out of its column's range."""

    code = "numeric_overflow"
    sqlstate = "22003"


class NotFiniteError(InvalidValueError):
    """NaN or infinity in a vector column."""

    code = "not_finite"
    sqlstate = "22000"


class NullValueError(InvalidValueError):
    """NULL in a not_null column."""

    code = "null_value"
    sqlstate = "23502"


class TextEncodingError(InvalidValueError):
    """Text that is not valid UTF-8."""

    code = "text_encoding"
    sqlstate = "22021"


class MediaError(InvalidValueError):
    """Bytes that are not the media their column holds."""

    code = "bad_media"
    sqlstate = "22000"


class ValueTooLargeError(InvalidValueError):
    """One value over the size limit."""

    code = "value_too_large"
    sqlstate = "54000"


class RaggedColumnsError(InputError, ValueError):
    """Columns of unequal length in one extend."""

    code = "ragged_columns"
    sqlstate = "22023"


class UniqueViolationError(InputError, ValueError):
    """A key that another row has: of the same batch, staged, or committed.

    `columns` are the key's columns, `value` is the key (a tuple if there are several).
    """

    code = "unique_violation"
    sqlstate = "23505"

    columns: tuple[str, ...] = ()
    value: object = None


class CheckViolationError(InputError, ValueError):
    """A row for which a CHECK is false."""

    code = "check_violation"
    sqlstate = "23514"


class ForeignKeyError(InputError, ValueError):
    """A row that refers to one that is not there, or one that is still referred to."""

    code = "foreign_key_violation"
    sqlstate = "23503"


class SourceNotFoundError(InputError, FileNotFoundError):
    """A file or folder to read from does not exist."""

    code = "source_not_found"
    sqlstate = "58P01"


class SchemaError(InputError, ValueError):
    """A schema or type declaration that makes no sense."""

    code = "bad_schema"
    sqlstate = "42P16"


class InvalidNameError(InputError, ValueError):
    """A branch, tag, table or column name that is refused."""

    code = "invalid_name"
    sqlstate = "42602"


class InvalidUrlError(InputError, ValueError):
    """A URL that cannot be resolved."""

    code = "invalid_url"
    sqlstate = "22023"


class RowIndexError(InputError, IndexError):
    """A row position out of range, or an index of a kind we do not take."""

    code = "row_index"
    sqlstate = "22003"


class QueryError(InputError):
    """A statement that is wrong, or fails on the rows it meets.

    `sqlstate` is the one that Postgres gives for it; `position` counts characters of the
    statement from 1, where the culprit is known.
    """

    code = "bad_query"
    sqlstate = "42000"

    position: int | None = None
    culprit: object = None
    """The expression to blame, while the statement is bound."""

    def __init__(
        self, message: str, *, hint: str = "", sqlstate: str = "", position: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        if sqlstate:
            self.sqlstate = sqlstate  # type: ignore[misc]
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint), self.__dict__)


class QuerySyntaxError(QueryError):
    """Text that is no statement of SQL."""

    code = "syntax_error"
    sqlstate = "42601"


class UnsupportedQueryError(QueryError):
    """SQL that is refused by name rather than answered wrongly."""

    code = "unsupported_query"
    sqlstate = "0A000"


# --- pick another name ---------------------------------------------------------------------


class MissingError(DeeplakeError):
    """Something named does not exist."""

    code = "missing"
    sqlstate = "42704"


class RepositoryNotFoundError(MissingError, FileNotFoundError):
    """The place holds no repository."""

    code = "repository_not_found"
    sqlstate = "3D000"


class TableNotFoundError(MissingError):
    """The repository has no such table."""

    code = "table_not_found"
    sqlstate = "42P01"


class ColumnNotFoundError(MissingError, KeyError):
    """The table has no such column."""

    code = "column_not_found"
    sqlstate = "42703"


class RefNotFoundError(MissingError):
    """No branch, tag or commit of that name."""

    code = "ref_not_found"
    sqlstate = "42704"


class ExistsError(DeeplakeError):
    """The name is taken."""

    code = "exists"
    sqlstate = "42710"


class TableExistsError(ExistsError, FileExistsError):
    """The table exists already."""

    code = "table_exists"
    sqlstate = "42P07"


class RefExistsError(ExistsError):
    """The branch or tag exists already."""

    code = "ref_exists"
    sqlstate = "42710"


# --- the handle's state --------------------------------------------------------------------


class StateError(DeeplakeError):
    """The handle is not in a state that allows this."""

    code = "bad_state"
    sqlstate = "55000"


class ReadOnlyError(StateError):
    """A write through a handle opened at a tag, a commit or a time."""

    code = "read_only"
    sqlstate = "25006"


class PolicyError(StateError):
    """The handle is restricted by policies, and this would reach rows that these hide."""

    code = "policy"
    sqlstate = "42501"


class StagedChangesError(StateError):
    """Refused while changes are staged: commit or roll back first."""

    code = "staged_changes"
    sqlstate = "25001"


class ForkedProcessError(StateError):
    """Something that fork() left unfinished, or without its threads, was used in the child."""

    code = "forked_process"
    sqlstate = "55000"


def _half_loaded(module: str) -> ForkedProcessError:
    return ForkedProcessError(
        f"the module {module} cannot be used here: this process was forked while another thread "
        "was loading it.",
        hint="Fork before other threads read or query, or when their first calls have returned; or "
        "start workers with multiprocessing's 'spawn' or 'forkserver' method.",
    )


loading.refusal = _half_loaded


class ClosedError(StateError):
    """A handle that was closed, or whose repository was deleted."""

    code = "closed"
    sqlstate = "08003"


class BranchNotMergedError(StateError):
    """Deleting the branch would leave commits that no other branch or tag has in its history."""

    code = "branch_not_merged"
    sqlstate = "55006"


# --- look, then retry ----------------------------------------------------------------------


class ConcurrencyError(DeeplakeError):
    """Another writer was there."""

    code = "concurrency"
    sqlstate = "40000"


class MergeConflictError(ConcurrencyError):
    """A merge, revert or cherry-pick met what both sides changed; `conflicts` says what.

    Nothing was changed.
    """

    code = "merge_conflict"
    sqlstate = "40001"

    conflicts: Sequence[Any] = ()


class CommitConflictError(ConcurrencyError):
    """Another commit won the slot and its changes overlap with these."""

    code = "commit_conflict"
    sqlstate = "40001"


class BranchClosedError(ConcurrencyError):
    """The branch was deleted: commits to it would be lost, so they are refused."""

    code = "branch_closed"
    sqlstate = "40000"


class CommitUnknownError(ConcurrencyError):
    """The store never answered whether the commit landed; look before retrying."""

    code = "commit_unknown"
    sqlstate = "40003"


# --- damage --------------------------------------------------------------------------------


class DamageError(DeeplakeError):
    """Stored bytes are not what was written. They are never returned as data."""

    code = "damage"
    sqlstate = "XX001"


class ChecksumError(DamageError):
    """A checksum does not match: at least one bit changed since it was written."""

    code = "checksum"
    sqlstate = "XX001"


class TruncatedObjectError(DamageError):
    """An object is shorter than its metadata says."""

    code = "truncated"
    sqlstate = "XX001"


class MalformedObjectError(DamageError):
    """An object does not follow docs/SPEC.md."""

    code = "malformed"
    sqlstate = "XX001"


class FormatVersionError(DeeplakeError):
    """The repository needs a newer deeplake."""

    code = "format_version"
    sqlstate = "0A000"


# --- the disk or bucket --------------------------------------------------------------------


class StoreError(DeeplakeError):
    """The disk or bucket failed."""

    code = "store"
    sqlstate = "58030"


class ObjectNotFoundError(StoreError):
    """No object under that key."""

    code = "object_not_found"
    sqlstate = "58P01"


class ObjectExistsError(StoreError):
    """create() found the key taken."""

    code = "object_exists"
    sqlstate = "58P02"


class StorePermissionError(StoreError, PermissionError):
    """The store denied access."""

    code = "store_permission"
    sqlstate = "42501"


class StoreFullError(StoreError):
    """No space is left."""

    code = "store_full"
    sqlstate = "53100"


class StoreUnavailableError(StoreError):
    """Timeouts, 5xx, 429: the outcome of a write is unknown."""

    code = "store_unavailable"
    sqlstate = "58000"


class StagedRowsWarning(UserWarning):
    """Rows were staged, and their handle went away before `commit()`: they are dropped.

    No ResourceWarning, as those are not shown unless somebody asks.
    """


class DependencyError(DeeplakeError, ImportError):
    """An optional package is not installed."""

    code = "dependency"
    sqlstate = "0A000"
