"""From a URL to the store behind it. On the cold path: a plain path costs no further import.

Knows which schemes exist and where each leads; the stores themselves live in their own files.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from deeplake.errors import InputError, InvalidUrlError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deeplake.storage.store import Store

BUCKET_SCHEMES = ("s3", "gs", "az")
NAMED_SCHEMES = ("deeplake", "al")
SCHEMES = ("file", "mem", *BUCKET_SCHEMES, *NAMED_SCHEMES)

DEFAULT_HOME = "~/.deeplake"
"""Where `deeplake://org/name` lives unless DEEPLAKE_HOME names another folder or bucket."""

_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]+):(//)?"  # two letters: C:\ is a drive
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"


def open_store(
    url: str | os.PathLike[str] | Store, storage_options: Mapping[str, object] | None = None
) -> Store:
    """The store at `url`. Nothing is read or written yet, so it may be empty or missing.

    Args:
        url: a path (also `~/x`, `file:///x`), `mem://name`, `s3://bucket/prefix`,
            `gs://bucket/prefix`, `az://container/prefix`, `deeplake://org/name` or
            `al://org/name`; or a store of your own, which comes back as it is.
        storage_options: endpoint and credentials of a bucket; see `object_store.from_url`.

    Raises:
        InvalidUrlError: a URL that leads nowhere, with the nearest that would.
        InputError: options that the store does not have.

    >>> open_store("mem://example").url
    'mem://example'
    """
    if storage_options is not None and not hasattr(storage_options, "keys"):
        raise InputError(
            f"storage_options is {{option: value}}, not {type(storage_options).__name__}."
        )
    options = dict(storage_options or {})
    if not isinstance(url, str | os.PathLike) and hasattr(url, "get_range"):
        _refuse_options(url.url, options)
        return url
    scheme, rest = split_url(url)
    if scheme == "file":
        return _local(rest, options)
    text = f"{scheme}://{rest}"
    if scheme == "mem":
        return _memory(rest, text, options)
    if scheme in BUCKET_SCHEMES:
        return _bucket(scheme, rest, text, options)
    return open_store(_named(rest, text), options)


def split_url(url: object) -> tuple[str, str]:
    """(scheme, rest) of a URL or path; a path has the scheme 'file' and its '~' expanded.

    Raises:
        InvalidUrlError: no text, an unknown scheme, or one without slashes.

    >>> split_url("s3://bucket/folder"), split_url("a.parquet")
    (('s3', 'bucket/folder'), ('file', 'a.parquet'))
    """
    text = os.fspath(url) if isinstance(url, str | os.PathLike) else ""
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidUrlError(
            f"{url!r} is no URL.", hint="Pass a path, or for example 's3://bucket/folder'."
        )
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise InvalidUrlError(f"{text!r} is not valid Unicode.") from None
    match = re.match(_SCHEME, text) if ":" in text else None  # compiled for URLs only
    if match is None:
        return "file", os.path.expanduser(text)
    scheme, rest = match.group(1).lower(), text[match.end() :]
    if match.group(2) is None:
        if scheme not in SCHEMES:
            return "file", text  # a file name with a colon
        meant = f"{scheme}://{'/' if scheme == 'file' else ''}{rest.lstrip('/')}"
        raise InvalidUrlError(
            f"{text!r} lacks the slashes of a URL.", hint=f"Did you mean {meant!r}?"
        )
    if scheme not in SCHEMES:
        raise InvalidUrlError(
            f"{text!r} has the unknown scheme {scheme!r}.", hint=did_you_mean(scheme, SCHEMES)
        )
    return scheme, _file_path(rest, text) if scheme == "file" else rest


def _local(path: str, options: dict[str, object]) -> Store:
    from deeplake.storage.local import LocalStore

    _refuse_options(path, options)
    return LocalStore(path)


def _file_path(rest: str, url: str) -> str:
    """The path of `file://` + rest: no host but localhost, %-escapes decoded."""
    from urllib.parse import unquote

    path = rest.removeprefix("localhost") if rest.startswith("localhost/") else rest
    if path.startswith("~"):
        return os.path.expanduser(unquote(path))
    if not path.startswith("/"):
        raise InvalidUrlError(
            f"{url!r} is not an absolute file URL.", hint=f"Did you mean 'file:///{rest}'?"
        )
    path = unquote(path)
    # file:///C:/data is C:/data
    return path[1:] if os.name == "nt" and re.match(r"/[A-Za-z]:", path) else path


def _memory(name: str, url: str, options: dict[str, object]) -> Store:
    from deeplake.storage.memory import open_memory

    _refuse_options(url, options)
    name = name.strip("/")
    if not name:
        raise InvalidUrlError(f"{url!r} lacks a name.", hint="For example 'mem://scratch'.")
    return open_memory(name)


def _bucket(scheme: str, rest: str, url: str, options: dict[str, object]) -> Store:
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        what = "container" if scheme == "az" else "bucket"
        raise InvalidUrlError(
            f"{url!r} names no {what}.", hint=f"For example '{scheme}://my-{what}/folder'."
        )
    segments = [segment for segment in prefix.split("/") if segment]
    if ".." in segments or "." in segments:
        raise InvalidUrlError(f"{url!r} has a '.' or '..' in it.", hint="Buckets have no folders.")

    from deeplake import settings
    from deeplake.storage.cache import CachedStore
    from deeplake.storage.object_store import from_url

    store = from_url("/".join([f"{scheme}:/", bucket, *segments]), options)
    return CachedStore(
        store,
        settings.CACHE_MEMORY_BYTES_MAX,
        disk_folder=os.environ.get("DEEPLAKE_CACHE_DIR") or None,
    )


def _named(rest: str, url: str) -> str:
    """`org/name` below DEEPLAKE_HOME."""
    if os.environ.get("DEEPLAKE_ENDPOINT"):
        raise InvalidUrlError(
            f"{url!r} would lead to the server in DEEPLAKE_ENDPOINT, "
            "which this version cannot speak to.",
            hint="Unset DEEPLAKE_ENDPOINT to use the folder or bucket in DEEPLAKE_HOME.",
        )
    names = rest.rstrip("/").split("/")
    if len(names) != 2 or not all(re.fullmatch(_NAME, name) for name in names):
        raise InvalidUrlError(
            f"{url!r} is not an organisation and a name.",
            hint="For example 'deeplake://my-team/images': letters, digits, '.', '_' and '-'.",
        )
    home = os.environ.get("DEEPLAKE_HOME") or DEFAULT_HOME
    if home.lower().startswith(tuple(f"{scheme}:" for scheme in NAMED_SCHEMES)):
        raise InvalidUrlError(
            f"DEEPLAKE_HOME is {home!r}, which leads back to itself.",
            hint="Set it to a folder or a bucket, such as '~/.deeplake'.",
        )
    return f"{home.rstrip('/')}/{names[0]}/{names[1]}"


def _refuse_options(url: str, options: dict[str, object]) -> None:
    if options:
        names = ", ".join(repr(name) for name in options)
        raise InputError(
            f"{url!r} takes no storage options, but got {names}.",
            hint="They are for buckets: s3://, gs:// and az://.",
        )
