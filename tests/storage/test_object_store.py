"""Buckets: lost answers, retries, parallel requests, refusals, and what forks may not do."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from deeplake.errors import (
    InputError,
    ObjectExistsError,
    StoreError,
    StorePermissionError,
    StoreUnavailableError,
)
from deeplake.settings import RANGE_GAP_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_THREADS
from deeplake.storage.object_store import from_url
from deeplake.testing.http_fake import HttpFake
from deeplake.testing.http_objects import Reply
from deeplake.testing.store_contract import noise

QUICK = {"max_retries": 1, "retry_timeout": 5}


@pytest.fixture
def fake():
    with HttpFake() as fake:
        yield fake


@pytest.fixture
def store(fake):
    store = from_url("s3://bucket/prefix", fake.storage_options("s3"))
    yield store
    store.close()


# --- lost answers --------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_creation_whose_answer_was_lost_is_known_as_our_own(scheme):
    with HttpFake(seed=3, lost_answer_rate=0.3) as fake:
        store = from_url(f"{scheme}://bucket/x", fake.storage_options(scheme))
        for slot in range(25):
            body = f"slot {slot} with a nonce".encode()
            assert store.create(f"refs/heads/0/{slot}", [body]) == len(body)
            assert store.get(f"refs/heads/0/{slot}") == body
        assert any(request.status == 412 for request in fake.requests), "the trap was sprung"
        store.close()


def test_another_writers_object_is_never_taken_for_our_own():
    with HttpFake(seed=3, lost_answer_rate=0.3) as fake:
        store = from_url("s3://bucket/x", fake.storage_options("s3"))
        for slot in range(15):
            store.create(f"refs/heads/0/{slot}", [b"theirs"])
            for ours in (b"ours !", b"theirs, and more", b"their"):
                with pytest.raises(ObjectExistsError):
                    store.create(f"refs/heads/0/{slot}", [ours])
        store.close()


# --- failures ------------------------------------------------------------------------------


def test_a_service_that_stays_down_is_an_unknown_outcome():
    with HttpFake(unavailable_rate=1.0) as fake:
        store = from_url("s3://bucket/x", fake.storage_options("s3") | QUICK)
        for use in (
            lambda: store.get("a"),
            lambda: store.get_range("a", 0, 1),
            lambda: store.create("a", [b"1"]),
            lambda: store.put("a", [b"1"]),
            lambda: store.put("a", [bytes(9 << 20)]),
            lambda: store.delete(["a"]),
            lambda: list(store.list("a")),
        ):
            with pytest.raises(StoreUnavailableError, match="503"):
                use()
        store.close()


def test_a_refused_connection_is_an_unknown_outcome():
    with HttpFake() as fake:
        options = fake.storage_options("s3")
    store = from_url("s3://bucket/x", options | QUICK)
    with pytest.raises(StoreUnavailableError, match="bucket/x"):
        store.get("a")


@pytest.mark.parametrize(
    ("status", "expected"),
    [(403, StorePermissionError), (401, StorePermissionError), (400, StoreError)],
)
def test_what_the_service_refuses_is_not_tried_again(fake, store, monkeypatch, status, expected):
    monkeypatch.setattr(fake.objects, "answer", lambda call: Reply(status, b"<Error/>"))
    for use in (lambda: store.get("a"), lambda: store.create("a", [b"1"])):
        fake.reset()
        with pytest.raises(expected) as caught:
            use()
        assert type(caught.value) is expected
        assert fake.count() == 1


def test_messages_hold_neither_credentials_nor_debugging_text(fake):
    options = fake.storage_options("s3") | {"secret_access_key": "hunter2", **QUICK}
    store = from_url("s3://bucket/x", options)
    fake.unavailable_rate = 1.0
    with pytest.raises(StoreUnavailableError) as caught:
        store.get("a")
    said = f"{caught.value} {store!r} {store.url}"
    assert "hunter2" not in said
    assert "Debug source" not in said
    assert "\n" not in said


# --- requests ------------------------------------------------------------------------------


def test_near_ranges_are_one_request(fake, store):
    data = noise(300_000)
    store.put("packs/00/a", [data])
    fake.reset()
    near = [(0, 10), (10 + RANGE_GAP_BYTES_MAX, 10), (5, 100)]
    assert [bytes(v) for v in store.get_ranges("packs/00/a", near)] == [
        data[s : s + n] for s, n in near
    ]
    assert fake.count("GET") == 1
    store.get_ranges("packs/00/a", [(0, 10), (11 + RANGE_GAP_BYTES_MAX, 10)])
    assert fake.count("GET") == 3


def test_far_ranges_are_requested_in_parallel_on_a_bounded_number_of_threads(fake, store):
    store.put("packs/00/a", [noise(8 << 20)])
    fake.reset()
    fake.latency_s = 0.03
    store.get_ranges("packs/00/a", [(i * 200_000, 10) for i in range(40)])
    assert fake.count("GET") == 40
    assert 4 <= fake.in_flight_max <= REQUEST_THREADS


def test_a_long_read_is_split(fake, store):
    data = noise(2 * REQUEST_BYTES_MAX + 1)
    store.put("packs/00/a", [data])
    fake.reset()
    assert bytes(store.get_range("packs/00/a", 0, len(data))) == data
    assert fake.count("GET") == 3
    fake.reset()
    assert store.get("packs/00/a") == data
    assert fake.count("GET") <= 4


def test_a_small_object_is_one_put_and_a_large_one_is_uploaded_in_parts(fake, store):
    store.put("packs/00/small", [b"a" * 1_000] * 8_000)
    assert [(r.method, r.status) for r in fake.requests] == [("PUT", 200)]
    fake.reset()
    part = noise(1_000_000)
    store.put("packs/00/large", (part for _ in range(30)))
    assert fake.count("POST") == 2
    assert fake.count("PUT") == 4, "30 MB in parts of 8 MiB"
    assert store.get("packs/00/large") == part * 30


def test_a_creation_is_one_request(fake, store):
    store.create("refs/heads/0/1", [b"a"])
    assert fake.count() == 1


def test_thousands_of_keys_are_deleted_in_bulk(fake, store):
    keys = [f"packs/00/{number}" for number in range(1_200)]
    for key in keys[::300]:
        store.put(key, [b"1"])
    fake.reset()
    store.delete(keys)
    assert fake.count() == 2
    assert list(store.list("packs/")) == []


def test_other_prefixes_of_the_bucket_are_out_of_reach(fake, store):
    neighbour = from_url("s3://bucket/prefix2", fake.storage_options("s3"))
    neighbour.put("a", [b"theirs"])
    store.put("a", [b"ours"])
    assert [found.key for found in store.list("")] == ["a"]
    assert store.get("a") == b"ours"


# --- options -------------------------------------------------------------------------------


def test_a_misspelt_option_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match="Did you mean 'secret_access_key'"):
        from_url("s3://bucket/x", {"secret_acces_key": "x"})
    with pytest.raises(InputError, match="gs:// has no storage option 'region'"):
        from_url("gs://bucket/x", {"region": "x"})


def test_a_time_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="timeout"):
        from_url("s3://bucket/x", {"timeout": "soon"})


def test_what_the_client_refuses_is_bad_input():
    with pytest.raises(InputError, match="cannot be opened"):
        from_url("gs://bucket/x", {"service_account": "/no/such/file.json"})


@pytest.mark.parametrize("url", ["s3://user:pw@bucket/x", "s3://b?region=x", "ftp://bucket/x"])
def test_a_bucket_of_odd_characters_is_refused(url):
    with pytest.raises(InputError, match="no bucket"):
        from_url(url)


def test_a_store_travels_to_another_process_with_its_options(fake, store):
    store.put("a", [b"1"])
    assert pickle.loads(pickle.dumps(store)).get("a") == b"1"


# --- fork ----------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused_instead_of_hanging(fake):
    code = """
import os, sys
from deeplake.errors import ForkedProcessError
from deeplake.storage.object_store import from_url
options = {"endpoint": sys.argv[1], "access_key_id": "a", "secret_access_key": "b"}
def child(use):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        use()
    except ForkedProcessError as error:
        os._exit(7 if "spawn" in str(error) else 8)
    os._exit(0)
untouched = from_url("s3://bucket/x", options)
assert child(lambda: untouched.put("a", [b"1"])) == 0, "nothing was used before this fork"
store = from_url("s3://bucket/x", options)
store.put("b", [b"1"])
for use in (
    lambda: store.get("b"),
    lambda: store.put("b", [b"2"]),
    lambda: list(store.list("")),
    lambda: from_url("s3://bucket/x", options).get("b"),
):
    assert child(use) == 7
assert store.get("b") == b"1", "the parent goes on"
"""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, fake.endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_of_the_environment_may_be_http_as_well(fake, monkeypatch, variable):
    options = dict(fake.storage_options("s3"))
    monkeypatch.setenv(variable, str(options.pop("endpoint")))
    options.pop("allow_http", None)
    store = from_url("s3://bucket/environment", options)
    store.create("a", [b"1"])
    assert store.get("a") == b"1"
