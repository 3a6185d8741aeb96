"""Which URL leads to which store, and what is said of one that leads nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deeplake.errors import InputError, InvalidUrlError
from deeplake.storage.cache import CachedStore
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore, drop_memory
from deeplake.storage.resolve import open_store

KEYS = {"access_key_id": "a", "secret_access_key": "b", "region": "us-east-1"}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in ("DEEPLAKE_HOME", "DEEPLAKE_ENDPOINT", "DEEPLAKE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("data/set", "{cwd}/data/set"),
        ("./set/", "{cwd}/set"),
        ("/abs/../set", "/set"),
        (Path("some") / "set", "{cwd}/some/set"),
        ("~/set", "{home}/set"),
        ("file:///tmp/my%20set", "/tmp/my set"),
        ("file://localhost/tmp/x", "/tmp/x"),
        ("file://~/set", "{home}/set"),
        ("odd:name", "{cwd}/odd:name"),
        ("C:\\data", "{cwd}/C:\\data"),
        ("deeplake://team/set", "{home}/.deeplake/team/set"),
        ("al://team/set.v2/", "{home}/.deeplake/team/set.v2"),
    ],
)
def test_paths_and_names_lead_to_folders(url, path):
    store = open_store(url)
    assert isinstance(store, LocalStore)
    assert store.root == path.format(cwd=os.getcwd(), home=os.environ["HOME"])
    assert not os.path.exists(store.root), "opening makes nothing"


def test_one_memory_name_is_one_store_until_it_is_dropped():
    store = open_store("mem://test/resolve")
    assert isinstance(store, MemoryStore)
    store.put("a", [b"1"])
    assert open_store("mem://test/resolve/") is store
    assert open_store("mem://test/other") is not store
    drop_memory("test/resolve")
    assert list(open_store("mem://test/resolve").list("")) == []


@pytest.mark.parametrize(
    ("url", "options", "where"),
    [
        ("s3://bucket/a//b/", KEYS, "s3://bucket/a/b"),
        ("S3://bucket", KEYS, "s3://bucket"),
        ("gs://bucket/a", {"token": "x"}, "gs://bucket/a"),
        ("az://box/a", {"account_name": "a", "account_key": "eA=="}, "az://box/a"),
    ],
)
def test_bucket_urls_lead_to_cached_buckets(url, options, where):
    store = open_store(url, options)
    assert isinstance(store, CachedStore)
    assert store.url == where
    assert store.remote
    assert store._disk is None


def test_an_environment_variable_turns_the_disk_cache_on(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPLAKE_CACHE_DIR", str(tmp_path / "cache"))
    store = open_store("s3://bucket/a", KEYS)
    assert store._disk.folder == str(tmp_path / "cache")


def test_home_may_be_a_folder_or_a_bucket(monkeypatch):
    monkeypatch.setenv("DEEPLAKE_HOME", "/srv/lake/")
    assert open_store("al://team/set").root == "/srv/lake/team/set"
    monkeypatch.setenv("DEEPLAKE_HOME", "mem://home")
    assert open_store("al://team/set").url == "mem://home/team/set"
    monkeypatch.setenv("DEEPLAKE_HOME", "s3://bucket/home")
    assert open_store("deeplake://team/set", KEYS).url == "s3://bucket/home/team/set"
    monkeypatch.setenv("DEEPLAKE_HOME", "al://loop")
    with pytest.raises(InvalidUrlError, match="DEEPLAKE_HOME"):
        open_store("al://team/set")


def test_a_server_is_refused_clearly(monkeypatch):
    monkeypatch.setenv("DEEPLAKE_ENDPOINT", "https://lake.example")
    with pytest.raises(InvalidUrlError, match="DEEPLAKE_ENDPOINT"):
        open_store("al://team/set")
    assert open_store("/plain/path").root == "/plain/path"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no URL"),
        ("a\0b", "no URL"),
        (b"bytes", "no URL"),
        (7, "no URL"),
        ("s3a://bucket/x", "Did you mean 's3'"),
        ("xyz://bucket/x", "There are: 'file', 'mem', 's3'"),
        ("gcs://bucket/x", "Did you mean 'gs'"),
        ("http://host/x", "unknown scheme"),
        ("s3:/bucket/x", "Did you mean 's3://bucket/x'"),
        ("file:/data/x", "Did you mean 'file:///data/x'"),
        ("s3://", "names no bucket"),
        ("az:///x", "names no container"),
        ("s3://bucket/../x", "'..'"),
        ("mem://", "lacks a name"),
        ("file://host/x", "file:///host/x"),
        ("al://team", "organisation"),
        ("al://team/a/b", "organisation"),
        ("al://../set", "organisation"),
        ("al://team/..", "organisation"),
        ("deeplake://team/.hidden", "organisation"),
        ("al:///set", "organisation"),
    ],
)
def test_a_url_that_leads_nowhere_says_so(url, said):
    with pytest.raises(InvalidUrlError, match=said):
        open_store(url)


@pytest.mark.parametrize("url", ["/plain/path", "mem://name", "al://team/set", MemoryStore()])
def test_options_that_nothing_reads_are_refused(url):
    with pytest.raises(InputError, match="'region'"):
        open_store(url, {"region": "x"})


def test_a_store_comes_back_as_it_is():
    store = MemoryStore()
    assert open_store(store) is store


def test_opening_a_folder_loads_neither_the_cache_nor_the_bucket_client():
    code = """
import sys
from deeplake.storage.resolve import open_store
store = open_store(sys.argv[1])
assert list(store.list("")) == []
heavy = {"obstore", "deeplake.storage.cache", "deeplake.storage.object_store", "pathlib",
         "concurrent.futures", "logging", "asyncio", "urllib.parse", "hashlib", "dataclasses"}
before = set(sys.argv[2].split())
print(sorted(heavy & set(sys.modules) - before))
"""
    numpy_alone = "import sys, numpy; print(' '.join(sys.modules))"
    run = [sys.executable, "-c", numpy_alone]
    before = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    run = [sys.executable, "-c", code, "/nowhere/at/all", before]
    ran = subprocess.run(run, capture_output=True, text=True, check=False)
    assert ran.stdout == "[]\n", ran.stderr
