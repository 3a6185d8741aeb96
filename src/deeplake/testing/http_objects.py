"""The bucket behind `http_fake.py`: S3's verbs over a dictionary.

Knows requests and replies, nothing of sockets, delays or faults.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from datetime import UTC, datetime
from email.utils import formatdate
from typing import NamedTuple
from xml.sax.saxutils import escape, unescape

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)


class Call(NamedTuple):
    """A request: header names are in lower case, the query is decoded."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


class Reply(NamedTuple):
    """An answer. `length` is its Content-Length, which HEAD states without a body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_length: int | None = None

    @property
    def length(self) -> int:
        """What Content-Length says."""
        return len(self.body) if self.content_length is None else self.content_length


class _Object(NamedTuple):
    data: bytes
    modified_s: float
    generation: int
    etag: str


_MISSING = Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
_NO_UPLOAD = Reply(404, b"<Error><Code>NoSuchUpload</Code></Error>")
_UNKNOWN = Reply(400, b"<Error><Code>NotImplemented</Code></Error>")


class Objects:
    """Buckets appear when named. `list_page` keys fit one page of a listing."""

    def __init__(self, list_page: int = 1_000) -> None:
        self.list_page = list_page
        self._objects: dict[tuple[str, str], _Object] = {}
        self._uploads: dict[str, dict[int, bytes]] = {}
        self._generation = 0
        self._lock = threading.Lock()

    def answer(self, call: Call) -> Reply:
        """Carry out one request."""
        if call.method == "GET" and not call.key:
            return self._list(call.bucket, call.query)
        if call.method in {"GET", "HEAD"}:
            return self._read(call)
        with self._lock:
            if call.method == "PUT":
                return self._part(call) if "partNumber" in call.query else self._store(call)
            if call.method == "POST":
                return self._post(call)
            if call.method == "DELETE" and "uploadId" in call.query:
                self._uploads.pop(call.query["uploadId"], None)
                return Reply(204)
            if call.method == "DELETE":
                gone = self._objects.pop((call.bucket, call.key), None)
                google = call.headers.get("authorization", "").startswith("Bearer ")
                return _MISSING if gone is None and google else Reply(204)
        return _UNKNOWN

    def _post(self, call: Call) -> Reply:
        if "uploads" in call.query:
            return self._begin(call)
        if "uploadId" in call.query:
            return self._finish(call)
        return self._delete_many(call) if "delete" in call.query else _UNKNOWN

    def _read(self, call: Call) -> Reply:
        found = self._objects.get((call.bucket, call.key))
        if found is None:
            return _MISSING
        size = len(found.data)
        headers = [
            ("ETag", found.etag),
            ("Last-Modified", formatdate(found.modified_s, usegmt=True)),
            ("x-goog-generation", str(found.generation)),
            ("Accept-Ranges", "bytes"),
        ]
        asked = _RANGE.fullmatch(call.headers.get("range", ""))
        if call.method == "HEAD":
            return Reply(200, b"", tuple(headers), size)
        if asked is None:
            return Reply(200, found.data, tuple(headers))
        start = int(asked.group(1))
        end = min(size, int(asked.group(2) or size) + 1)
        if start >= size:
            return Reply(416, b"<Error><Code>InvalidRange</Code></Error>")
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
        return Reply(206, found.data[start:end], tuple(headers))

    def _store(self, call: Call) -> Reply:
        create = (
            call.headers.get("if-none-match") == "*"
            or call.headers.get("x-goog-if-generation-match") == "0"
        )
        if create and (call.bucket, call.key) in self._objects:
            return Reply(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        self._generation += 1
        made = _Object(call.body, time.time(), self._generation, _etag(call.body))
        self._objects[call.bucket, call.key] = made
        version = ("x-goog-generation", str(made.generation))
        return Reply(200, headers=(("ETag", made.etag), version))

    def _part(self, call: Call) -> Reply:
        parts = self._uploads.get(call.query["uploadId"])
        if parts is None:
            return _NO_UPLOAD
        parts[int(call.query["partNumber"])] = call.body
        return Reply(200, headers=(("ETag", _etag(call.body)),))

    def _begin(self, call: Call) -> Reply:
        self._generation += 1
        upload = f"upload-{self._generation}"
        self._uploads[upload] = {}
        return _xml(
            "InitiateMultipartUploadResult",
            f"<Bucket>{call.bucket}</Bucket><Key>{escape(call.key)}</Key>"
            f"<UploadId>{upload}</UploadId>",
        )

    def _finish(self, call: Call) -> Reply:
        parts = self._uploads.get(call.query["uploadId"])
        if parts is None:
            return _NO_UPLOAD
        whole = b"".join(parts[number] for number in sorted(parts))
        stored = self._store(call._replace(body=whole))
        if stored.status != 200:
            return stored
        etag = self._objects[call.bucket, call.key].etag
        return _xml("CompleteMultipartUploadResult", f"<ETag>{escape(etag)}</ETag>")

    def _delete_many(self, call: Call) -> Reply:
        keys = [unescape(key) for key in _KEY.findall(call.body.decode())]
        for key in keys:
            self._objects.pop((call.bucket, key), None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return _xml("DeleteResult", deleted)

    def _list(self, bucket: str, query: dict[str, str]) -> Reply:
        prefix = query.get("prefix", "")
        after = query.get("continuation-token", "") or query.get("start-after", "")
        keys = sorted(
            key
            for name, key in list(self._objects)
            if name == bucket and key.startswith(prefix) and key > after
        )
        page = keys[: self.list_page]
        entries = [self._entry(bucket, key) for key in page]
        more = len(keys) > len(page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        return _xml(
            "ListBucketResult",
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<MaxKeys>{self.list_page}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{''.join(entries)}",
        )

    def _entry(self, bucket: str, key: str) -> str:
        found = self._objects.get((bucket, key))
        if found is None:
            return ""  # deleted meanwhile
        when = datetime.fromtimestamp(found.modified_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return (
            f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified>"
            f"<ETag>{escape(found.etag)}</ETag><Size>{len(found.data)}</Size></Contents>"
        )


def _etag(data: bytes) -> str:
    return f'"{zlib.crc32(data):08x}"'


def _xml(name: str, inner: str) -> Reply:
    text = f'<?xml version="1.0" encoding="UTF-8"?><{name}>{inner}</{name}>'
    return Reply(200, text.encode(), (("Content-Type", "application/xml"),))
