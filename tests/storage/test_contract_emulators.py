"""The bucket store keeps the store contract against services that others wrote."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.errors import StoreError
from deeplake.storage.memory import MemoryStore
from deeplake.storage.object_store import from_url
from deeplake.storage.resolve import open_store
from deeplake.testing.store_contract import StoreContract

pytestmark = pytest.mark.emulator


class TestS3OnMoto(StoreContract):
    @pytest.fixture
    def store(self, moto):
        store = from_url("s3://bucket/prefix", moto)
        yield store
        store.close()


class TestAzureOnAzurite(StoreContract):
    @pytest.fixture
    def store(self, azurite):
        store = from_url("az://container/prefix", azurite)
        yield store
        store.close()


class TestAzureAsOpened(StoreContract):
    @pytest.fixture
    def store(self, azurite):
        store = open_store("az://container/cached", azurite)
        yield store
        store.close()


def test_rows_are_exported_to_a_bucket_and_read_back(moto):
    ds = deeplake.create(MemoryStore(), schema={"n": "int", "b": "blob"})
    ds.extend({"n": list(range(8)), "b": [bytes([k]) * (3 << 20) for k in range(8)]})
    for rows in (ds, ds[2:4], ds.query("SELECT n FROM data WHERE n > 5 ORDER BY n")):
        rows.to_parquet("s3://bucket/out/rows.parquet", storage_options=moto)
        again = deeplake.create(MemoryStore())
        again.extend_from(parquet="s3://bucket/out/rows.parquet", storage_options=moto)
        assert again.to_arrow().equals(rows.to_arrow())


def test_a_bucket_that_does_not_exist_is_named(moto, azurite):
    for url, options in [("s3://nowhere/x", moto), ("az://nowhere/x", azurite)]:
        store = from_url(url, options)
        with pytest.raises(StoreError, match=r"bucket .*nowhere.* does not exist"):
            store.put("a", [b"1"])
        with pytest.raises(StoreError, match=r"bucket .*nowhere.* does not exist"):
            store.get("a")
