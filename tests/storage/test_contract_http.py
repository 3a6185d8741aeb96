"""The bucket store keeps the store contract against the kit's own S3 and Google service."""

from __future__ import annotations

import pytest

from deeplake.storage.object_store import from_url
from deeplake.storage.resolve import open_store
from deeplake.testing.http_fake import HttpFake
from deeplake.testing.store_contract import StoreContract


@pytest.fixture(scope="module")
def fake():
    with HttpFake(list_page=7) as fake:
        yield fake


@pytest.fixture(scope="module")
def faulty():
    with HttpFake(seed=1, unavailable_rate=0.1, lost_answer_rate=0.1) as fake:
        yield fake


class TestS3(StoreContract):
    @pytest.fixture
    def store(self, fake):
        store = from_url("s3://bucket/some/prefix", fake.storage_options("s3"))
        yield store
        store.close()


class TestGoogle(StoreContract):
    @pytest.fixture
    def store(self, fake):
        store = from_url("gs://bucket", fake.storage_options("gs"))
        yield store
        store.close()


class TestS3AsOpened(StoreContract):
    """As `open_store` gives it: cached."""

    @pytest.fixture
    def store(self, fake):
        store = open_store("s3://bucket/cached", fake.storage_options("s3"))
        yield store
        store.close()


class TestS3WithFaults(StoreContract):
    """One request in ten is refused, one write in ten loses its answer; nothing shows."""

    bytes_large = 9 << 20

    @pytest.fixture
    def store(self, faulty):
        store = from_url("s3://bucket/faulty", faulty.storage_options("s3"))
        yield store
        store.close()


def test_faults_are_met_and_nothing_shows():
    # In a fake of its own: how many of the tests above meet one depends on the worker's share.
    with HttpFake(seed=1, unavailable_rate=0.1, lost_answer_rate=0.1) as fake:
        store = from_url("s3://bucket/faulty", fake.storage_options("s3"))
        for number in range(40):
            store.create(f"packs/{number}", [b"%d" % number])
        assert [bytes(store.get(f"packs/{n}")) for n in range(40)] == [b"%d" % n for n in range(40)]
        assert {500, 503} <= {request.status for request in fake.requests}
        store.close()
