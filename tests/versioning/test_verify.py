"""verify reads everything once, finds every damage, and says which rows it costs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore
from deeplake.versioning.publish import publish
from deeplake.versioning.staged import Staged, Stamp, TableChange

if TYPE_CHECKING:
    from deeplake.api.reports import Verified

GOLDEN = Path(__file__).parents[1] / "golden" / "v1" / "repository"
SCHEMA = {"label": "int", "text": "text", "emb": "emb-4", "blob": "blob", "lists": "list<int>"}
Stored = dict[str, tuple[bytes, float]]


@pytest.fixture(autouse=True)
def small_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 2048)
    monkeypatch.setattr(settings, "MEDIA_OBJECT_BYTES", 3000)


def rows(first: int, count: int) -> dict[str, object]:
    numbers = range(first, first + count)
    return {
        "label": list(numbers),
        "text": [f"text {n}" for n in numbers],
        "emb": [np.full(4, n) for n in numbers],
        "blob": [bytes([1 + n % 251]) * 20 for n in numbers],
        "lists": [[n, n] for n in numbers],
    }


@pytest.fixture
def store() -> MemoryStore:
    """One of everything: slots with data, packs, a large value, overlays, deletions, names."""
    made = MemoryStore()
    ds = deeplake.create(made, schema=SCHEMA)
    ds.extend(rows(0, 5))
    ds.commit("rides in its slot")
    ds.extend(rows(100, 60))
    ds.commit("in packs")
    ds.update({"label": 9, "blob": b"q" * 9}, rows=[2, 50])
    ds.commit("overlays")
    ds.delete(rows=[1, 60])
    ds.commit("deletions")
    ds.append({"blob": b"L" * 5000})
    ds.commit("a large value")
    ds.tag("v1")
    ds.branch("dev")
    ds.append({"label": 4})
    ds.commit("on dev")
    ds.checkout("main")
    ds.append({"label": 5})
    ds.commit("last")
    ds.tag("v2")
    return made


def objects(store: MemoryStore) -> Stored:
    return store._objects


def verify(store: MemoryStore) -> Verified:
    return deeplake.connect(store).verify(progress=False)


def test_a_whole_repository_is_said_to_be_whole(store: MemoryStore) -> None:
    found = verify(store)
    assert found.ok
    assert found.damages == []
    stored = {key: body for key, (body, _) in objects(store).items() if "hints" not in key}
    assert found.objects == len(stored)
    assert found.bytes == sum(map(len, stored.values()))
    assert found.commits == 8
    assert "is whole: 8 commits" in repr(found)


@pytest.mark.parametrize("remote", [False, True])
def test_each_object_is_read_once(store: MemoryStore, remote: bool) -> None:
    traced = TracingStore(store, remote=remote)
    db = deeplake.connect(traced)
    db.tables()
    traced.reset()
    assert db.verify().ok
    reads = Counter(
        operation.key
        for operation in traced.operations
        if operation.kind in {"get", "map", "get_range"}
    )
    once = {key: n for key, n in reads.items() if key.startswith(("packs/", "refs/heads/"))}
    assert set(once.values()) == {1}
    assert len(once) == sum(key.startswith(("packs/", "refs/heads/")) for key in objects(store))


def flipped(store: MemoryStore, key: str, at: int) -> Verified:
    body, when = objects(store)[key]
    changed = bytearray(body)
    changed[at] ^= 1 << (at % 8)
    objects(store)[key] = (bytes(changed), when)
    try:
        return deeplake.connect(store).verify(progress=False)
    finally:
        objects(store)[key] = (body, when)


def check_flips(store: MemoryStore, stride: int) -> None:
    db = deeplake.connect(store)
    db.tables()
    missed = 0
    for key in sorted(objects(store)):
        body = objects(store)[key][0]
        for at in range(hash_of(key) % stride, len(body), stride):
            if key == "repo.json":
                continue  # who opens it notices
            found = flipped(store, key, at)
            named = [damage for damage in found.damages if damage.key == key]
            if not named:  # between two frames: bytes that nothing addresses
                assert found.ok
                assert body[at] == 0
                missed += 1
    total = sum(len(body) for body, _ in objects(store).values())
    assert missed <= total // stride // 50


def hash_of(key: str) -> int:
    return sum(key.encode())


def test_a_flipped_bit_is_found_wherever_it_is(store: MemoryStore) -> None:
    check_flips(store, 37)


@pytest.mark.slow
def test_every_flipped_byte_is_found(store: MemoryStore) -> None:
    check_flips(store, 1)


def test_a_missing_object_is_found_and_named(store: MemoryStore) -> None:
    for key in sorted(objects(store)):
        if key == "repo.json" or key.startswith(("refs/tags/", "refs/hints/")):
            continue  # who opens it notices; a tag that is gone was never there
        if key.startswith("refs/heads/") and not key.startswith("refs/heads/000000000000"):
            continue  # the only commit of a branch: as if it had none
        body = objects(store).pop(key)
        found = verify(store)
        named = [damage for damage in found.damages if damage.key == key]
        if key.startswith("refs/names/"):
            named = found.damages
        assert named, key
        objects(store)[key] = body
    assert verify(store).ok


@pytest.mark.parametrize("left", [0.0, 0.3, 0.99])
def test_an_object_cut_short_is_found_and_named(store: MemoryStore, left: float) -> None:
    for key in sorted(objects(store)):
        if key == "repo.json" or key.startswith("refs/hints/"):
            continue
        body, when = objects(store)[key]
        objects(store)[key] = (body[: int(left * (len(body) - 1))], when)
        found = verify(store)
        assert any(damage.key == key for damage in found.damages), key
        objects(store)[key] = (body, when)


def test_a_damage_says_which_rows_of_which_column_it_costs_and_where(store: MemoryStore) -> None:
    ds = deeplake.open(store)
    ids = ds.row_ids
    position = next(k for k in range(len(ds)) if ds["label"][k] == 120)
    value = ds["blob"].encoded[position]
    key, at = next(
        (key, body.find(value))
        for key, (body, _) in objects(store).items()
        if key.startswith("packs/") and value in body
    )
    (damage,) = flipped(store, key, at).damages
    assert damage.key == key
    assert (damage.table, damage.column) == ("data", "blob")
    assert damage.rows == ((ids[position], ids[position]),)
    assert damage.refs == ("dev", "main", "v1", "v2")
    assert damage.commit == deeplake.open(store).log()[4].id
    text = repr(flipped(store, key, at))
    assert "1 row of 'blob' in 'data'" in text
    assert "in dev, main, v1, v2" in text


def test_damage_of_one_branch_is_not_said_of_another(store: MemoryStore) -> None:
    ds = deeplake.open(store, at="dev")
    slot = next(key for key in objects(store) if key == slot_of(ds.commit_id))
    body = objects(store)[slot][0]
    found = flipped(store, slot, len(body) // 2)
    assert {name for damage in found.damages for name in damage.refs} == {"dev"}


def slot_of(commit_id: str | None) -> str:
    branch, sequence, _ = str(commit_id).split("-")
    return f"refs/heads/{int(branch, 16):012x}/{int(sequence, 16):016x}"


def test_a_lost_newest_commit_is_missed_where_a_hint_knows_of_it() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int"})
    for n in range(15):
        ds.append({"n": n})
        ds.commit("one")
    assert verify(store).ok
    last = slot_of(ds.commit_id)
    del objects(store)[last]
    assert [damage.key for damage in verify(store).damages] == [last]


def test_damage_does_not_stop_it(store: MemoryStore) -> None:
    for key in list(objects(store)):
        body, when = objects(store)[key]
        if key.startswith(("packs/", "refs/heads/", "refs/names/")):
            changed = bytearray(body)
            changed[len(body) // 2] ^= 1
            objects(store)[key] = (bytes(changed), when)
    damaged = {damage.key for damage in verify(store).damages}
    slots = {key for key in objects(store) if key.startswith(("refs/heads/", "refs/names/"))}
    assert slots <= damaged


def test_one_commit_and_its_history_can_be_checked_alone(store: MemoryStore) -> None:
    db = deeplake.connect(store)
    assert db.verify(at="v1").commits == 6
    assert db.verify(at="dev").commits == 7
    tail = slot_of(deeplake.open(store).commit_id)
    body, when = objects(store)[tail]
    objects(store)[tail] = (body[:-1], when)
    assert db.verify(at="v1").ok
    assert not db.verify(at="main").ok
    with pytest.raises(deeplake.errors.RefNotFoundError):
        db.verify(at="nothing")


def test_rows_that_stand_in_a_table_twice_are_found(store: MemoryStore) -> None:
    stand = deeplake.open(store)._session.stand
    table = stand.snapshot.table("data")
    twice = table.records[0]
    change = TableChange(table.table_id, "data", None, False, (), appended=(twice,))
    stamp = Stamp("ann", "rows twice", False, 7)
    repository, branch = stand.repository, stand.branch
    publish(repository.objects, branch, stand.snapshot, Staged((change,), (), 0), stamp)
    (damage,) = verify(store).damages
    assert "another row has too" in damage.what
    assert sum(last - first + 1 for first, last in damage.rows) >= twice.rows


def test_parts_of_the_same_rows_side_by_side_are_no_damage(store: MemoryStore) -> None:
    """A merge adds some rows of a fragment by reference, and deletes the others in it."""
    ds = deeplake.open(store)
    ds.branch("more")
    ds.extend(rows(500, 60))
    ds.commit("theirs")
    ds.checkout("main")
    ds.extend(rows(600, 60))
    ds.commit("ours")
    ds.merge("more")
    assert verify(store).ok


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [("uint8", "uint16", "int32"), ("uint8", "int16", "uint32"), ("uint16", "int32", "float64")],
)
def test_columns_widened_more_than_once_are_whole(first: str, second: str, third: str) -> None:
    """Also where branches widened them differently, so that neither type holds the other."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": first})
    ds.extend({"n": [1, None]})
    ds.commit("as it was declared")
    ds.branch("other", switch=False)
    if second == "uint16":
        ds.widen_column("n", second)
        ds.extend({"n": [300, 7]})
        ds["n"][0] = 65_535
        ds.commit("wider")
    ds.widen_column("n", third)
    ds.extend({"n": [70_000, 7]})
    ds["n"][1] = 70_001
    ds.commit("wider yet")
    ds.checkout("other")
    ds.widen_column("n", second)
    ds.extend({"n": [400, 8]})
    ds["n"][0] = 401
    ds.commit("wider, not as the other")
    assert verify(store).ok, verify(store)
    ds.checkout("main")
    ds.merge("other", on_conflict="ours")
    assert verify(store).ok, verify(store)


def test_a_golden_repository_is_whole() -> None:
    assert deeplake.connect(str(GOLDEN)).verify().ok


def test_an_empty_repository_is_whole() -> None:
    db = deeplake.connect("mem://empty-verified")
    db.create_table("t", {"n": "int"})
    assert db.verify().ok
