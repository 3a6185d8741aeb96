"""A disk or bucket that fails: a clear error, and every row either staged or committed."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import (
    CommitUnknownError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    TableExistsError,
)
from deeplake.storage.memory import MemoryStore

SCHEMA = {"n": "int", "b": "blob"}


def rows(first: int, count: int) -> dict[str, list]:
    return {
        "n": list(range(first, first + count)),
        "b": [bytes([n % 256]) * 5000 for n in range(first, first + count)],
    }


def check(ds, count: int) -> None:
    wanted = rows(0, count)
    assert ds["n"][:].tolist() == wanted["n"]
    assert ds["b"][:] == wanted["b"]
    assert [ds["b"][n] for n in (0, -1)] == [wanted["b"][n] for n in (0, -1)]


class FailingStore(MemoryStore):
    """Memory whose next writes fail as told."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Callable[[str], Exception | None] = lambda key: None

    def put(self, key, parts, *, durable=True):
        self._fail(key)
        return super().put(key, parts, durable=durable)

    def create(self, key, parts):
        self._fail(key)
        return super().create(key, parts)

    def _fail(self, key: str) -> None:
        error = self.failure(key)
        if error is not None:
            raise error


def full(key: str) -> Exception:
    return StoreFullError(f"Cannot write {key!r}: no space.", hint="Free some space.")


@pytest.fixture
def small_packs(monkeypatch):
    monkeypatch.setattr(settings, "PACK_BYTES", 20_000)
    monkeypatch.setattr(settings, "FRAME_BYTES", 2_000)
    monkeypatch.setattr("deeplake.table.builder.MEDIA_FRAME_BYTES", 8_000)
    monkeypatch.setattr("deeplake.api.write.STAGE_ROWS", 4)


# --- full ---------------------------------------------------------------------------------------


def test_a_commit_that_finds_no_space_keeps_its_rows_and_succeeds_later():
    store = FailingStore()
    ds = deeplake.create(store, schema=SCHEMA)
    ds.extend(rows(0, 3))
    store.failure = full
    before = dict(store._objects)
    for _ in range(2):
        with pytest.raises(StoreFullError, match="Free some space"):
            ds.commit("kept")
        check(ds, 3)
    assert store._objects == before
    store.failure = lambda key: None
    ds.commit("kept")
    check(deeplake.open(store), 3)
    assert [c.message for c in ds.log()] == ["kept"]


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize("good", [0, 1, 2, 3, 5])
def test_packs_that_could_not_be_stored_are_stored_by_the_next_commit(good):
    store = FailingStore()
    ds = deeplake.create(store, schema=SCHEMA)
    stored = 0

    def some(key: str) -> Exception | None:
        nonlocal stored
        stored += 1
        return full(key) if stored > good else None

    ds.extend(rows(0, 3))
    store.failure = some
    while not store_failed(ds, len(ds)):
        assert len(ds) < 500
    staged = len(ds)
    check(ds, staged)
    for _ in range(3):
        with pytest.raises(StoreFullError):
            ds.commit("not yet")
    check(ds, staged)
    assert len(deeplake.open(store)) == 0
    store.failure = lambda key: None
    ds.commit("all of it")
    check(deeplake.open(store), staged)


def store_failed(ds, first: int) -> bool:
    """Extend; whether the store failed, in which case none of the rows is staged."""
    try:
        ds.extend(rows(first, 13))
    except StoreFullError:
        assert len(ds) == first
        return True
    return False


@pytest.mark.usefixtures("small_packs")
def test_an_append_that_fails_leaves_every_column_as_it_was():
    store = FailingStore()
    ds = deeplake.create(store, schema=SCHEMA)
    store.failure = full
    appended = failures = 0
    while failures < 5:
        assert appended < 200
        row = {name: values[0] for name, values in rows(appended, 1).items()}
        try:
            ds.append(row)
        except StoreFullError:
            failures += 1
        else:
            appended += 1
        assert len(ds) == appended
    check(ds, appended)
    store.failure = lambda key: None
    ds.commit("what was staged")
    check(deeplake.open(store), appended)


def test_a_repository_that_finds_no_space_is_not_there():
    store = FailingStore()
    store.failure = full
    with pytest.raises(StoreFullError):
        deeplake.create(store, schema=SCHEMA)
    assert not deeplake.exists(store)
    store.failure = lambda key: None
    deeplake.create(store, schema=SCHEMA)


def test_a_branch_or_tag_that_finds_no_space_is_not_there():
    store = FailingStore()
    ds = deeplake.create(store, schema=SCHEMA)
    store.failure = full
    for verb in (ds.branch, ds.tag):
        with pytest.raises(StoreFullError):
            verb("x")
    assert (ds.branches(), ds.tags(), ds.branch_name) == (["main"], {}, "main")


@pytest.fixture
def tiny_disk(tmp_path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_loses_nothing(tiny_disk):
    place = tiny_disk / "r"
    ds = deeplake.create(place, schema=SCHEMA)
    ds.extend(rows(0, 20))
    ds.commit("fits")
    (tiny_disk / "ballast").write_bytes(bytes(700_000))
    ds.extend(rows(20, 100))
    with pytest.raises(StoreFullError, match=r"Free some space"):
        ds.commit("does not")
    check(deeplake.open(place), 20)
    check(ds, 120)
    assert not list((place / "tmp").iterdir()) if (place / "tmp").exists() else True
    (tiny_disk / "ballast").unlink()
    ds.commit("does now")
    check(deeplake.open(place), 120)


# --- unknown ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_packs")
def test_rolling_back_after_an_unknown_outcome_deletes_nothing_that_may_be_committed():
    store = FailingStore()
    ds = deeplake.create(store, schema=SCHEMA)
    ds.extend(rows(0, 50))
    honest = store.create

    def silent(key, parts):
        honest(key, parts)
        raise StoreError(f"the connection broke after {key!r} was sent")

    def blind(key, limit_bytes=None, start=0):
        raise StoreUnavailableError(f"cannot read {key!r}")

    store.create, store.get = silent, blind
    with pytest.raises(CommitUnknownError, match="Commit again"):
        ds.commit("sent")
    ds.rollback()
    del store.create, store.get
    check(deeplake.open(store), 50)


# --- no permission ------------------------------------------------------------------------------

AS_NOBODY = """
import os, sys
import deeplake
from deeplake.errors import StorePermissionError

def work(place):
    ds = deeplake.create(place, schema={"n": "int", "b": "blob"})
    ds.append({"n": 5})
    ds.commit("mine")
    len(deeplake.open(place)[0])

place, kind, own = sys.argv[1:]
work(own)  # loads every module while we may still read them
try:
    deeplake.open(own + "-nothing")
except deeplake.errors.RepositoryNotFoundError:
    pass
ds = deeplake.open(place)
ds.append({"n": 5})
os.seteuid(65534)
verbs = {
    "readable": lambda: ds.commit("not mine"),
    "closed": lambda: deeplake.open(place),
    "foreign": lambda: work(place + "/below"),
}
try:
    verbs[kind]()
except StorePermissionError as error:
    assert isinstance(error, PermissionError)
    print(error)
else:
    print("nothing was refused")
"""


@pytest.mark.parametrize("kind", ["readable", "closed", "foreign"])
def test_no_permission_is_said_so(tmp_path, kind):
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("becoming somebody else needs root")
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    place = tmp_path / "r"
    ds = deeplake.create(place, schema=SCHEMA)
    ds.extend(rows(0, 2))
    ds.commit("mine")
    place.chmod(0o700 if kind == "closed" else 0o755)
    before = sorted(place.rglob("*"))
    run = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(place), kind, str(tmp_path / "own")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert str(place) in run.stdout
    assert "permission" in run.stdout.lower()
    assert sorted(place.rglob("*")) == before
    check(deeplake.open(place), 2)


def test_a_read_only_folder_can_still_be_read(tmp_path):
    place = tmp_path / "r"
    with deeplake.create(place, schema=SCHEMA) as ds:
        ds.extend(rows(0, 2))
    folders = [place, *(p for p in place.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        check(deeplake.open(place), 2)
    finally:
        for folder in folders:
            folder.chmod(0o755)


# --- two processes ------------------------------------------------------------------------------


def create_at_once(place: str, exist_ok: bool, start, results) -> None:
    start.wait()
    try:
        ds = deeplake.create(place, schema={"n": "int"}, exist_ok=exist_ok)
        ds.append({"n": os.getpid()})
        ds.commit("mine")
        results.put(os.getpid())
    except TableExistsError as error:
        assert isinstance(error, FileExistsError)
        results.put(str(error))


@pytest.mark.parametrize("exist_ok", [False, True])
def test_two_processes_create_one_repository(tmp_path, exist_ok):
    spawn = multiprocessing.get_context("spawn")
    start, results = spawn.Barrier(2), spawn.Queue()
    place = str(tmp_path / "r")
    both = [
        spawn.Process(target=create_at_once, args=(place, exist_ok, start, results))
        for _ in range(2)
    ]
    for process in both:
        process.start()
    told = [results.get(timeout=60) for _ in both]
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    made = [one for one in told if isinstance(one, int)]
    assert len(made) == (2 if exist_ok else 1)
    assert all("exist_ok=True" in one for one in told if isinstance(one, str))
    found = deeplake.open(place)
    assert sorted(found["n"][:].tolist()) == sorted(made)
    assert np.array_equal(found["n"][:], deeplake.open(place)["n"][:])
