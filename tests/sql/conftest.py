"""One real Postgres per worker, with the tables of `deeplake.testing.sql_tables`."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.testing import postgres
from deeplake.testing.sql_tables import TABLES, VECTORS, fill, fill_postgres


def _started():
    """A server, where one can be started; elsewhere what was recorded of one judges."""
    reason = postgres.missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres.Postgres() as started:
        yield started


server = pytest.fixture(scope="session", name="server")(_started)
fresh_server = pytest.fixture(name="fresh_server")(_started)


@pytest.fixture(scope="session")
def judge_connection(server):
    """A connection to the judge: the tables are filled, nobody writes."""
    with server.connect() as connection:
        fill_postgres(connection)
        connection.execute("SET statement_timeout = '10s'")
        yield connection


@pytest.fixture(scope="session")
def pgvector():
    """The judge of vectors, where a wheel brings it."""
    reason = postgres.missing(vectors=True)
    if reason is not None:
        pytest.skip(reason)
    with postgres.Postgres(vectors=True) as started:
        yield started


@pytest.fixture(scope="session")
def pgvector_connection(pgvector):
    """A connection to it: the tables are filled, nobody writes to them."""
    with pgvector.connect() as connection:
        fill_postgres(connection, (VECTORS,))
        connection.execute("SET statement_timeout = '10s'")
        yield connection


@pytest.fixture(scope="session")
def judged():
    """Our database with the same tables; nobody writes."""
    return fill(deeplake.connect("mem://judged"), (*TABLES, VECTORS))
