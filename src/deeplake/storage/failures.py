"""What went wrong below, as one of our errors: the same words whichever store met it.

Builds errors, raises none, retries nothing.
"""

from __future__ import annotations

import errno

from deeplake.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    StoreError,
    StoreFullError,
    StorePermissionError,
    TruncatedObjectError,
)

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def missing(key: str, url: str) -> ObjectNotFoundError:
    """No object under `key`."""
    return ObjectNotFoundError(
        f"There is no object {key!r} in {url}.",
        hint="If a vacuum ran since the commit was opened, open it again: nothing of it is lost. "
        "Else it is damaged; verify() tells what else is.",
    )


def taken(key: str, url: str) -> ObjectExistsError:
    """`create` found `key` taken."""
    return ObjectExistsError(f"{key!r} exists already in {url}; nothing was changed.")


def outside(key: str, start: int, length: int, size: int) -> TruncatedObjectError:
    """A range that is not within an object of `size` bytes."""
    return TruncatedObjectError(
        f"Bytes {start}:{start + length} of {key!r} were asked for, but it has {size}.",
        hint="The object was cut short, or what points to it is damaged; run verify().",
    )


def no_folder(key: str, url: str) -> StoreError:
    """A root that is not there and cannot be made."""
    return StoreError(
        f"Cannot create {key!r} in {url}: no folder can be made there.",
        hint="Choose another place, such as a folder in your home.",
    )


def store_error(error: OSError, doing: str, key: str, url: str) -> StoreError:
    """An OSError met while `doing` ("read", "create", "write", ...) the object `key`."""
    code = error.errno
    writing = doing in ("create", "write")
    if code in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR) and not writing:
        return missing(key, url)
    if code == errno.EEXIST:
        return taken(key, url)
    what = f"Cannot {doing} {key!r} in {url}: {error.strerror or error}."
    if code in _FULL:
        return StoreFullError(what, hint="Free some space, then try again.")
    if code == errno.EROFS:
        return StorePermissionError(what, hint="That disk is read-only. Choose another place.")
    if code in _DENIED:
        return StorePermissionError(what, hint="Check the folder's owner and permissions.")
    if code in (errno.EMFILE, errno.ENFILE):
        return StoreError(what, hint="Raise the limit of open files (ulimit -n).")
    if code == errno.ENOENT:
        return StoreError(what, hint="Its folder vanished again and again: who removes it?")
    if code == errno.ENOTDIR:
        return StoreError(what, hint="Choose a folder, or a name that is not there yet.")
    if code == errno.ENAMETOOLONG:
        return StoreError(what, hint="Choose a shorter name.")
    return StoreError(what)
