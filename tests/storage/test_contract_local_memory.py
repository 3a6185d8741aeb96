"""The stores of one machine keep the store contract: local, memory, and the kit's wrappers."""

from __future__ import annotations

import pytest

from deeplake.storage.cache import CachedStore
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FaultStore
from deeplake.testing.store_contract import StoreContract
from deeplake.testing.tracing import TracingStore


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        store = LocalStore(tmp_path / "not" / "made" / "yet")
        yield store
        store.close()


class TestLocalStoreWithoutNamelessFiles(StoreContract):
    """NFS, macOS and Windows have no O_TMPFILE."""

    @pytest.fixture
    def store(self, tmp_path):
        store = LocalStore(tmp_path / "root")
        store._use_tmpfile = False
        yield store
        store.close()


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore("contract")


class TestCachedStoreInMemory(StoreContract):
    @pytest.fixture
    def store(self):
        store = CachedStore(TracingStore(MemoryStore(), remote=True), 4 << 20)
        yield store
        store.close()


class TestCachedStoreOnDisk(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        source = TracingStore(MemoryStore(), remote=True)
        store = CachedStore(source, 200_000, str(tmp_path / "cache"), 8 << 20)
        yield store
        assert store.stats().disk_failures == 0
        store.close()


class TestTracingStore(StoreContract):
    @pytest.fixture
    def store(self):
        return TracingStore(MemoryStore())


class TestFaultStoreWithoutFaults(StoreContract):
    @pytest.fixture
    def store(self):
        return FaultStore(MemoryStore(), shuffle_list=True)
