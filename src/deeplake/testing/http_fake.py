"""A bucket service on loopback that is slow and faulty on request, the same way every time.

Speaks as much of S3 (path style) and of Google's XML API as our client uses: objects, ranges,
conditional PUT, multipart uploads, listing, deletion. It checks no signature and keeps objects
in memory. It proves our client, not the services: moto and azurite are the second opinion.
"""

from __future__ import annotations

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from deeplake.testing.http_objects import Call, Objects, Reply

if TYPE_CHECKING:
    from types import TracebackType


class Request(NamedTuple):
    """One request served: `range` is the header's text or empty, `status` what was answered."""

    method: str
    path: str
    range: str
    status: int


class HttpFake:
    """The service; runs inside a `with` block.

    Args:
        latency_s: slept before each answer.
        seed: of the faults. Whether a request fails is a function of (seed, method, path,
            range, how often it was sent before), so threads change nothing.
        unavailable_rate: share of requests answered 503 with nothing done.
        lost_answer_rate: share of writes that are done and then answered 500.
        list_page: keys of one page of a listing.

    >>> with HttpFake() as fake:
    ...     fake.endpoint.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        seed: int = 0,
        unavailable_rate: float = 0.0,
        lost_answer_rate: float = 0.0,
        list_page: int = 1_000,
    ) -> None:
        self.latency_s = latency_s
        self.seed = seed
        self.unavailable_rate = unavailable_rate
        self.lost_answer_rate = lost_answer_rate
        self.objects = Objects(list_page)
        self.requests: list[Request] = []
        self.in_flight_max = 0
        self._in_flight = 0
        self._attempts: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="http-fake", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def storage_options(self, scheme: str) -> dict[str, object]:
        """What `open_store` needs to reach this service as `s3` or as `gs`."""
        if scheme == "s3":
            return {
                "endpoint": self.endpoint,
                "region": "us-east-1",
                "access_key_id": "fake",
                "secret_access_key": "fake",
            }
        if scheme == "gs":
            return {"endpoint": self.endpoint, "token": "fake"}
        raise ValueError(f"this fake speaks s3 and gs, not {scheme!r}")

    def count(self, method: str | None = None) -> int:
        """Requests served of that HTTP method, or all."""
        return sum(1 for request in self.requests if method in {None, request.method})

    def reset(self) -> None:
        """Forget the requests seen; the objects stay."""
        self.requests = []
        self.in_flight_max = 0

    # --- one request -----------------------------------------------------------------------

    def serve(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer one request: wait, perhaps fail, else do it."""
        ranged = headers.get("range", "")
        with self._lock:
            self._in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self._in_flight)
            identity = (method, target, ranged)
            attempt = self._attempts.get(identity, 0)
            self._attempts[identity] = attempt + 1
        try:
            if self.latency_s:
                time.sleep(self.latency_s)
            reply = self._answer(method, target, headers, body, attempt)
        finally:
            with self._lock:
                self._in_flight -= 1
        with self._lock:
            self.requests.append(Request(method, target, ranged, reply.status))
        return reply

    def _answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes, attempt: int
    ) -> Reply:
        text = f"{self.seed}/{method}/{target}/{headers.get('range', '')}/{attempt}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        before = int.from_bytes(digest[:8], "big") / 2**64
        after = int.from_bytes(digest[8:], "big") / 2**64
        if before < self.unavailable_rate:
            return Reply(503, b"<Error><Code>SlowDown</Code></Error>")
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query, True).items()}
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        reply = self.objects.answer(Call(method, bucket, key, query, headers, body))
        if method in {"PUT", "POST"} and reply.status == 200 and after < self.lost_answer_rate:
            return Reply(500, b"<Error><Code>InternalError</Code></Error>")
        return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: HttpFake

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each small answer waits 40 ms for an acknowledgement
    wbufsize = 1 << 16
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.fake.serve(self.command, self.path, headers, body)
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(reply.length))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
