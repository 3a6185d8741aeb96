"""Buckets (S3, Google, Azure) through obstore: its one home, loaded for bucket URLs only.

Synchronous calls on threads: obstore's asynchronous bulk reads were 38 times slower. Knows
nothing of what the bytes mean, and caches nothing (`cache.py`).

obstore's threads do not survive fork(): a child that used it would hang, so it is refused.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from deeplake import settings
from deeplake.errors import (
    ForkedProcessError,
    InputError,
    InvalidUrlError,
    ObjectExistsError,
    ObjectNotFoundError,
    StoreError,
    StoreFullError,
    StorePermissionError,
    StoreUnavailableError,
)
from deeplake.loading import in_forked_child
from deeplake.storage import bucket_options
from deeplake.storage.failures import missing, outside, taken
from deeplake.storage.keys import check_key, check_prefix, is_key
from deeplake.storage.parallel import Lanes
from deeplake.storage.parts import Views, join
from deeplake.storage.ranges import plan
from deeplake.storage.store import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from deeplake.storage.store import ByteView
    from deeplake.types.base import Buffer

PART_BYTES = 8 << 20
"""Part of a multipart upload: S3 wants at least 5 MiB and at most 10,000 parts (78 GiB)."""

PARTS_IN_FLIGHT = 8
"""Parts sent at once: 64 MiB of memory."""

READ_BACK_BYTES_MAX = 8 << 20
"""Creations up to this size are compared with the winner; commit slots are far below it."""

DELETE_KEYS_MAX = 1_000
"""Keys of one bulk deletion (the limit of S3)."""

_MISSING_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
_NO_CREDENTIALS = ("169.254.", "metadata.google.internal", "Missing SecretAccessKey")
_STATUS = re.compile(r"status code: (\d{3})")
_CLIENTS = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
_OBSTORE_ERRORS = (BaseError, OSError, ValueError)
_DENIALS = (PermissionError, PermissionDeniedError, UnauthenticatedError)

_used = False
_used_before_fork = False


@in_forked_child
def _after_fork_in_child() -> None:
    global _used_before_fork
    _used_before_fork = _used_before_fork or _used


def from_url(url: str, storage_options: Mapping[str, object] | None = None) -> ObjectStore:
    """The bucket at `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

    Args:
        url: already split of stray slashes; the prefix may be empty.
        storage_options: for S3 `endpoint, region, access_key_id, secret_access_key,
            session_token, role_arn, virtual_hosted_style_request`; for Google `token,
            service_account, service_account_key, application_credentials, endpoint`; for Azure
            `account_name, account_key, sas_token, token, client_id, client_secret, tenant_id,
            endpoint, use_emulator, use_azure_cli`; for all `skip_signature` (public buckets),
            `allow_http, timeout, connect_timeout, retry_timeout` (seconds), `max_retries,
            proxy_url`. What is not given comes from the usual environment variables.

    Raises:
        InputError: an unknown option, or values the client refuses.
    """
    scheme, _, rest = url.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in _CLIENTS or not re.fullmatch(r"[A-Za-z0-9$][A-Za-z0-9._-]*", bucket):
        raise InvalidUrlError(
            f"{url!r} names no bucket.", hint="For example 's3://my-bucket/folder'."
        )
    return ObjectStore(scheme, bucket, prefix, dict(storage_options or {}))


class ObjectStore:
    """A bucket, or a prefix of one, as a store."""

    remote = True

    def __init__(
        self, scheme: str, bucket: str, prefix: str, storage_options: dict[str, object]
    ) -> None:
        self.url = f"{scheme}://{bucket}/{prefix}".rstrip("/")
        self._identity = (scheme, bucket, prefix, storage_options)
        self._store = _client(scheme, bucket, prefix, storage_options)
        self._lanes = Lanes(settings.REQUEST_THREADS)

    def __repr__(self) -> str:
        return f"ObjectStore({self.url!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (ObjectStore, self._identity)

    # --- reading ---------------------------------------------------------------------------

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """See `Store.get`. Up to 8 MiB are one request; the rest of more is read in parallel."""
        self._check(key)
        first = settings.REQUEST_BYTES_MAX
        wanted = first if limit_bytes is None else min(limit_bytes, first)
        if wanted == 0:
            self.size(key)
            return b""
        try:
            result = obstore.get(self._store, key, options={"range": (start, start + wanted)})
            head, size = result.bytes().to_bytes(), result.meta["size"]
        except _OBSTORE_ERRORS as error:
            if _is_beyond_end(error):
                return b""  # it exists, but ends before `start`
            raise self._error(error, "read", key) from error
        end = size if limit_bytes is None else min(size, start + limit_bytes)
        rest = end - start - len(head)
        if rest <= 0:
            return head
        return join([head, self.get_range(key, start + len(head), rest)])

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        """See `Store.get_range`."""
        return self.get_ranges(key, [(start, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        """See `Store.get_ranges`. Empty ranges cost no request, so nothing is checked for them."""
        self._check(key)
        for start, length in ranges:
            if start < 0 or length < 0:
                raise outside(key, start, length, self.size(key))
        todo = plan(ranges)
        answers = self._lanes.run(
            [partial(self._request, key, start, length) for start, length in todo.requests]
        )
        return todo.deliver(answers)

    def _request(self, key: str, start: int, length: int) -> ByteView:
        try:
            data = obstore.get_range(self._store, key, start=start, length=length)
        except _OBSTORE_ERRORS as error:
            if _is_beyond_end(error):
                raise outside(key, start, length, self.size(key)) from error
            raise self._error(error, "read", key) from error
        if len(data) != length:
            raise outside(key, start, length, start + len(data))
        return np.frombuffer(memoryview(data), dtype=np.uint8)

    def map(self, key: str) -> None:
        """None: a bucket has no memory to map."""
        check_key(key)

    def size(self, key: str) -> int:
        """See `Store.size`: one HEAD request."""
        self._check(key)
        try:
            return obstore.head(self._store, key)["size"]
        except _OBSTORE_ERRORS as error:
            raise self._error(error, "look at", key) from error

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See `Store.list`. Objects whose names are no keys of ours are left out."""
        check_prefix(prefix)
        # obstore takes whole segments as prefixes: 'refs/he' would find nothing.
        for found in self.listed(prefix.rpartition("/")[0]):
            if found.key.startswith(prefix) and is_key(found.key):
                yield found

    def listed(self, folder: str) -> Iterator[ObjectInfo]:
        """Every object below a folder ('' for all), whatever it is called, in no order."""
        self._check()
        try:
            for chunk in obstore.list(self._store, folder or None):
                for found in chunk:
                    modified_s = found["last_modified"].timestamp()
                    yield ObjectInfo(found["path"], found["size"], modified_s)
        except _OBSTORE_ERRORS as error:
            raise self._error(error, "list", folder) from error

    # --- writing ---------------------------------------------------------------------------

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        """See `Store.create`: one conditional PUT.

        The client repeats a PUT whose answer was lost, and then finds its own object in the
        way. So when the key is taken the object is read back: equal bytes are a success. Two
        callers that create equal bytes both succeed, hence a body must carry a nonce if it
        matters who wrote it (commit slots do).
        """
        self._check(key)
        body = join(parts)
        try:
            obstore.put(self._store, key, body, mode="create", use_multipart=False)
        except _OBSTORE_ERRORS as error:
            failure = self._error(error, "create", key)
            if not isinstance(failure, ObjectExistsError) or not self._holds(key, body):
                raise failure from error
        return len(body)

    def _holds(self, key: str, body: bytes) -> bool:
        if len(body) > READ_BACK_BYTES_MAX:
            return False
        try:
            return self.get(key, len(body) + 1) == body
        except ObjectNotFoundError:
            return False  # it was there a moment ago, so it was another's, and is deleted

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:  # noqa: ARG002
        """See `Store.put`: one PUT up to 8 MiB, else a multipart upload straight from the parts.

        A bucket's answer means durable, whatever `durable` says. If `parts` raises, the upload
        is given up and nothing appears.
        """
        self._check(key)
        views = Views(parts)
        begun: list[memoryview] = []
        while views.nbytes <= PART_BYTES and (view := next(views, None)) is not None:
            begun.append(view)
        try:
            if views.nbytes <= PART_BYTES:
                obstore.put(self._store, key, b"".join(begun), use_multipart=False)
            else:
                obstore.put(
                    self._store,
                    key,
                    chain(begun, views),
                    use_multipart=True,
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_IN_FLIGHT,
                )
        except _OBSTORE_ERRORS as error:
            if views.failed:
                raise  # what the caller's own parts raised is no failure of the bucket
            raise self._error(error, "write", key) from error
        return views.nbytes

    def delete(self, keys: Iterable[str]) -> None:
        """See `Store.delete`: in bulk where the service can."""
        wanted = list(keys)
        for key in wanted:
            check_key(key)
        self._check()
        for start in range(0, len(wanted), DELETE_KEYS_MAX):
            self._delete_some(wanted[start : start + DELETE_KEYS_MAX])

    def _delete_some(self, keys: Sequence[str]) -> None:
        try:
            obstore.delete(self._store, keys)
        except FileNotFoundError:
            # Google and Azure object to a missing key and may have stopped at it.
            self._lanes.run([partial(self._delete_one, key) for key in keys])
        except _OBSTORE_ERRORS as error:
            raise self._error(error, "delete", keys[0]) from error

    def _delete_one(self, key: str) -> None:
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except _OBSTORE_ERRORS as error:
            raise self._error(error, "delete", key) from error

    def close(self) -> None:
        """Stop the threads."""
        self._lanes.close()

    # --- parts of the above ----------------------------------------------------------------

    def _check(self, key: str | None = None) -> None:
        global _used
        if _used_before_fork:
            raise ForkedProcessError(
                f"{self.url} cannot be used here: this process was forked from one that had "
                "used a bucket.",
                hint="Start workers with multiprocessing's 'spawn' or 'forkserver' method.",
            )
        _used = True
        if key is not None:
            check_key(key)

    def _error(self, error: Exception, doing: str, key: str) -> StoreError:
        return _translate(error, doing, key, self.url)


class ForeignBucket(ObjectStore):
    """A bucket that others fill, for reading: its objects may be called anything.

    Its URL names the bucket alone; keys are whole.
    """

    @classmethod
    def at(cls, scheme: str, bucket: str, storage_options: dict[str, object]) -> ForeignBucket:
        """The bucket itself, without a prefix."""
        return cls(scheme, bucket, "", storage_options)

    def _check(self, key: str | None = None) -> None:  # noqa: ARG002 - any key will do
        super()._check()


def _client(
    scheme: str, bucket: str, prefix: str, storage_options: dict[str, object]
) -> S3Store | GCSStore | AzureStore:
    from datetime import timedelta

    options = bucket_options.parse(scheme, storage_options)
    retry = {
        "max_retries": int(options.retry["max_retries"]),
        "retry_timeout": timedelta(seconds=options.retry["retry_timeout"]),
    }
    client: Any = _CLIENTS[scheme]
    try:
        made: S3Store | GCSStore | AzureStore = client(
            bucket,
            prefix=prefix or None,
            config=options.config or None,
            client_options=options.client or None,
            retry_config=retry,
        )
    except _OBSTORE_ERRORS as error:
        raise InputError(
            f"{scheme}://{bucket} cannot be opened: {_first_line(error)}.",
            hint="Check the storage options and the environment variables of the service.",
        ) from error
    return made


def _translate(error: Exception, doing: str, key: str, url: str) -> StoreError:
    """What obstore says, as one of our errors."""
    text = str(error)
    status = _status(error)
    what = f"Cannot {doing} {key!r} in {url}: {_first_line(error)}."
    if any(mark in text for mark in _MISSING_BUCKET):
        return StoreError(f"The bucket of {url} does not exist.", hint="Create it first.")
    if isinstance(error, AlreadyExistsError | PreconditionError) and doing == "create":
        return taken(key, url)
    if isinstance(error, FileNotFoundError) and doing not in {"create", "write"}:
        return missing(key, url)
    if any(mark in text for mark in _NO_CREDENTIALS):
        return StorePermissionError(
            f"Cannot {doing} {key!r} in {url}: no credentials were found.",
            hint="Pass them as storage_options, or skip_signature=True for a public bucket.",
        )
    if isinstance(error, _DENIALS) or status in {401, 403}:
        return StorePermissionError(what, hint="Check the credentials and the bucket's policy.")
    if status == 507:
        return StoreFullError(what, hint="Free some space, then try again.")
    if isinstance(error, ValueError) or (400 <= status < 500 and status not in {408, 429}):
        return StoreError(what)
    reading = doing in {"read", "look at", "list"}
    hint = "Try again." if reading else "Try again; it may or may not have been done."
    return StoreUnavailableError(what, hint=hint)


def _status(error: Exception) -> int:
    found = _STATUS.search(str(error))
    return int(found.group(1)) if found else 0


def _is_beyond_end(error: Exception) -> bool:
    """Whether a range began at or after the object's end; Azure may answer that with nothing."""
    return _status(error) == 416 or "Wanted range starting at" in str(error)


def _first_line(error: Exception) -> str:
    """The message without obstore's debugging text, and without query strings (signatures)."""
    line = str(error).partition("\n")[0].partition("<?xml")[0].strip(" .:")
    return re.sub(r"\?\S*", "", line)[:300]
