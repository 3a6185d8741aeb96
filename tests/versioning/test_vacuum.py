"""vacuum frees what nobody needs, exactly, and never more: crashes, races, grace and expiry."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import (
    CommitConflictError,
    InputError,
    RefNotFoundError,
    StagedChangesError,
    StoreUnavailableError,
)
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import CRASHES, FaultStore, SimulatedCrash, every_fault
from deeplake.testing.stepping import ClockStore, Stepper, schedules
from deeplake.versioning import publish
from deeplake.versioning.history import to_commit, walk
from deeplake.versioning.pending import PendingMerge, write_pending
from deeplake.versioning.plans import Pin, read_plan, write_pin
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from deeplake.api.dataset import Dataset
    from deeplake.storage.store import Store
    from deeplake.versioning.history import Commit

SCHEMA = {"label": "int", "emb": "emb-4", "blob": "blob"}
DAY = 86_400.0


def rows(first: int, count: int) -> dict[str, object]:
    numbers = range(first, first + count)
    return {
        "label": list(numbers),
        "emb": [np.full(4, n) for n in numbers],
        "blob": [bytes([n % 251]) * 300 for n in numbers],
    }


def commit(ds: Dataset, message: str, *, automatic: bool = False) -> None:
    ds._session.stand.commit(message, automatic=automatic)


def read_all(store: Store) -> dict[str, int]:
    """Branch, tag and commit -> rows, every cell of every commit of their histories read.

    What a vacuum has announced to delete may be gone, or miss some of what it needs.
    """
    checked = deeplake.connect(store).verify(progress=False)
    assert checked.ok, checked
    plan = read_plan(Repository.open(store).objects)
    repository = Repository.open(store)
    names = [branch.name for branch in repository.branches()]
    names += [f"tag:{tag.name}" for tag in repository.tags()]
    found: dict[str, int] = {}
    for name in names:
        snapshot = repository.resolve(name).snapshot
        for head in walk(repository.objects, snapshot.head):
            one = str(head.header.commit_id)
            if plan.covers(head.header.commit_id) and snapshot.commit_id != head.header.commit_id:
                continue
            if one not in found:
                found[one] = read_commit(store, to_commit(head.header))
        found[name] = found[str(snapshot.commit_id)] if snapshot.commit_id else 0
    return found


def read_commit(store: Store, at: Commit) -> int:
    ds = deeplake.open(store, at=at)
    for column in ds.schema:
        assert len(ds[column][:]) == len(ds)
    return len(ds)


def sizes(store: MemoryStore, keys: Iterable[str]) -> Sequence[int]:
    return [store.size(key) for key in keys]


@pytest.fixture(autouse=True)
def small_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payloads of half a KB and more go to packs, so that small tests have them."""
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 512)
    monkeypatch.setattr(settings, "PACK_BYTES", 4096)


def notes(store: ClockStore) -> set[str]:
    return {key for key in store.there() if key.startswith(("gc/", "refs/pins/", "refs/hints/"))}


def used(store: ClockStore) -> set[str]:
    return store.there() - notes(store)


def made(store: Store, commits: int = 3) -> Dataset:
    ds = deeplake.create(store, schema=SCHEMA)
    for n in range(commits):
        ds.extend(rows(10 * n, 5))
        ds.commit(f"commit {n}")
    return ds


def stage(ds: Dataset, count: int = 40) -> None:
    """Rows whose packs are stored already, as those of a long ingest are."""
    ds.extend(rows(0, count))
    transaction = ds._session.stand.open_transaction
    for draft in transaction._drafts.values():
        draft.builder.close()
    transaction._writer._store_all()


def left_behind(store: Store) -> None:
    """A writer stages rows and dies."""
    stage(deeplake.open(store))


def test_it_frees_exactly_what_was_staged_and_never_committed() -> None:
    store = ClockStore()
    made(store)
    before = used(store)
    for _ in range(3):
        left_behind(store)
    garbage = used(store) - before
    assert len(garbage) >= 6
    store.now_s = 8 * DAY
    expected = sum(sizes(store, garbage))
    dry = deeplake.open(store).vacuum(dry_run=True)
    assert dry.dry_run
    assert used(store) == before | garbage, "a dry run deletes nothing"
    done = deeplake.open(store).vacuum()
    assert done.kinds["packs"] == dry.kinds["packs"] == (len(garbage), expected)
    assert used(store) == before, "the automatic commit that made the table comes before a user's"
    assert "freed" in repr(done)
    assert "would free" in repr(dry)
    assert read_all(store)["main"] == 15


def slot(sequence: int) -> str:
    return f"refs/heads/000000000000/{sequence:016x}"


def test_what_is_younger_than_the_grace_stays() -> None:
    store = ClockStore()
    made(store)
    left_behind(store)
    there = used(store)
    store.now_s = 6 * DAY
    kept = deeplake.open(store).vacuum()
    assert kept.objects == 0
    assert kept.young.objects >= 2
    assert used(store) == there
    store.now_s = 7 * DAY + 1
    assert deeplake.open(store).vacuum().kinds["packs"].objects == kept.young.objects


def test_the_age_is_the_stores_and_not_of_this_machines_clock() -> None:
    store = ClockStore(now_s=5e9)  # far ahead
    made(store)
    left_behind(store)
    assert deeplake.open(store).vacuum(600).objects == 0
    store.now_s += 601
    assert deeplake.open(store).vacuum(timedelta(minutes=10)).kinds["packs"].objects > 0


@pytest.mark.parametrize(
    ("older_than", "words"),
    [
        (None, "7 days"),
        (3600, "1 hour"),
        (5400.0, "1 hour 30 minutes"),
        (timedelta(days=1, seconds=1), "1 day 1 second"),
        (timedelta(days=800, hours=2), "800 days 2 hours"),
        (600.25, "10 minutes 0.25 seconds"),
    ],
)
def test_an_age_is_told_in_words(older_than: object, words: str) -> None:
    ds = deeplake.create(MemoryStore(), schema={"n": "int"})
    found = ds.vacuum(older_than, dry_run=True)  # type: ignore[arg-type]
    assert f"older than {words}:" in repr(found)


def test_an_age_that_is_refused_is_told_in_words() -> None:
    ds = deeplake.create(MemoryStore(), schema={"n": "int"})
    with pytest.raises(InputError, match="of 0 seconds would delete .* Pass 10 minutes or more"):
        ds.vacuum(0)
    with pytest.raises(InputError, match="of 9 minutes 59 seconds would delete"):
        ds.vacuum(599)
    with pytest.raises(InputError, match=r"of -1 day -1 second: nothing is from the future"):
        ds.vacuum(timedelta(days=-1, seconds=-1))
    with pytest.raises(InputError, match=r"not '7 days'. For example timedelta\(days=7\)"):
        ds.vacuum("7 days")  # type: ignore[arg-type]
    assert "older than 0 seconds:" in repr(ds.vacuum(0, no_writers=True, dry_run=True))


@pytest.mark.parametrize(
    "older_than", [0, 599, -1, timedelta(0), "a week", True, float("nan"), 1e300]
)
def test_an_age_that_could_harm_writers_or_is_none_is_refused(older_than: object) -> None:
    ds = made(MemoryStore())
    with pytest.raises(InputError):
        ds.vacuum(older_than)  # type: ignore[arg-type]


def test_staged_rows_of_the_same_handle_are_not_endangered() -> None:
    ds = made(MemoryStore())
    ds.extend(rows(0, 40))
    with pytest.raises(StagedChangesError):
        ds.vacuum(0, no_writers=True)


def test_files_of_others_are_left_alone() -> None:
    store = ClockStore()
    ds = made(store)
    others = ["packs/readme", "packs/ab/notes.txt", "gc/notes", "other/x", "packs/00/" + "f" * 32]
    for key in others:
        store.put(key, [b"mine"])
    store.now_s = 8 * DAY
    ds.vacuum()
    assert set(others) <= store.there()


def test_everything_in_use_stays_whatever_its_kind() -> None:
    """Overlays, deletions, rows by reference of other branches, large values, dropped columns."""
    store = ClockStore()
    ds = made(store)
    ds.update({"blob": b"y" * 3000, "label": 7}, rows=[1, 7])
    ds.commit("update")
    ds.delete(rows=[2])
    ds.commit("delete")
    ds.branch("dev")
    ds.extend(rows(100, 30))
    ds.commit("dev")
    ds.tag("v1")
    ds.reset("main~2")
    ds.checkout("main")
    before = read_all(store)
    store.now_s = 8 * DAY
    freed = ds.vacuum()
    assert freed.kinds["packs"].objects == 0
    after = read_all(store)
    assert after == before


def test_values_in_objects_of_their_own_stay_and_those_left_behind_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "MEDIA_OBJECT_BYTES", 1000)
    store = ClockStore()
    ds = made(store)
    ds.append({"blob": b"x" * 5000})
    ds.commit("large")
    large = used(store)
    left_behind(store)
    stray = deeplake.open(store)
    stray.append({"blob": b"z" * 5000})
    stray._session.stand.open_transaction._writer._store_all()
    del stray
    gc.collect()
    assert len(used(store)) > len(large)
    store.now_s = 8 * DAY
    ds.vacuum()
    assert used(store) == large
    assert deeplake.open(store)["blob"][-1] == b"x" * 5000


# --- automatic commits ------------------------------------------------------------------------


def automatic(store: Store, count: int = 8) -> Dataset:
    """Automatic commits, each of them rows in packs, so that nothing lies in their slots."""
    ds = deeplake.create(store, schema=SCHEMA)
    for n in range(count):
        ds.extend(rows(n, 10))
        commit(ds, f"statement {n}", automatic=True)
    return ds


def slots(store: ClockStore) -> list[int]:
    return sorted(int(key[-16:], 16) for key in store.there() if key.startswith("refs/heads/0000"))


def replace_all(ds: Dataset) -> None:
    """Automatic commits that give up all rows of the ones before them, as a compaction does."""
    ds.delete(rows=list(range(len(ds))))
    commit(ds, "emptied", automatic=True)
    ds.extend(rows(0, 10))
    commit(ds, "filled", automatic=True)


def test_automatic_commits_expire_from_the_old_end_with_the_packs_that_only_they_need() -> None:
    store = ClockStore()
    ds = automatic(store)
    old_packs = {key for key in used(store) if key.startswith("packs/")}
    replace_all(ds)
    assert slots(store) == list(range(1, 12))
    store.now_s = 8 * DAY
    done = ds.vacuum()
    assert slots(store) == [11], "the head stays"
    assert done.kinds["commits"].objects == 10
    assert not old_packs & store.there()
    again = deeplake.open(store)
    assert len(again) == 10
    assert [c.message for c in again.log(all=True)] == ["filled"]
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at="main~1")
    again.extend(rows(5, 5))
    again.commit("goes on")
    assert len(deeplake.open(store)) == 15


@pytest.mark.parametrize("hint", [None, b"0 3\n", b"0 5\n", b"0 10\n"])
def test_a_branch_is_found_without_its_first_slots_whatever_the_hint(hint: bytes | None) -> None:
    store = ClockStore()
    ds = automatic(store)
    replace_all(ds)
    store.now_s = 8 * DAY
    ds.vacuum()
    store.delete(["refs/hints/main"])
    if hint is not None:
        store.put("refs/hints/main", [hint])
    assert deeplake.open(store).log(all=True)[0].message == "filled"


def test_slots_whose_blocks_or_rows_are_needed_stay() -> None:
    store = ClockStore()
    ds = automatic(store)  # the fragments of all rows lie in these slots
    ds.append({"label": 1})
    commit(ds, "one row in its slot", automatic=True)
    store.now_s = 8 * DAY
    before = read_all(store)
    ds.vacuum()
    assert slots(store) == list(range(2, 11)), "only the one without rows goes"
    assert read_all(store)["main"] == before["main"]


def keep_by_tag(ds: Dataset, at: str) -> None:
    ds.tag("kept", at)


def keep_by_branch(ds: Dataset, at: str) -> None:
    ds.branch("kept", at, switch=False)


def keep_by_pin(ds: Dataset, at: str) -> None:
    objects = ds._session.repository.objects
    target = ds._session.repository.resolve(at).snapshot.commit_id
    write_pin(objects, Pin((target,), ()))


def keep_by_pending_merge(ds: Dataset, at: str) -> None:
    target = ds._session.repository.resolve(at).snapshot.commit_id
    merge = PendingMerge("cherry-pick", "waits", None, target)
    write_pending(ds._session.repository.objects, 0, 0, merge)


def keep_as_parent(ds: Dataset, at: str) -> None:
    ds.branch("dev")
    ds.reset(at)
    ds.checkout("main")


@pytest.mark.parametrize(
    "keep", [keep_by_tag, keep_by_branch, keep_by_pin, keep_by_pending_merge, keep_as_parent]
)
def test_what_is_named_pinned_or_a_parent_stays_with_all_it_needs(
    keep: Callable[[Dataset, str], None],
) -> None:
    store = ClockStore()
    ds = automatic(store)
    replace_all(ds)
    target = next(c.id for c in ds.log(all=True) if c.message == "statement 3")
    if keep is keep_by_pin:
        store.now_s = 8 * DAY
    keep(ds, target)
    store.now_s = 8 * DAY
    ds.vacuum()
    # the fragments of statements 0 to 2 lie in their slots, and statement 3 has these rows too
    assert slots(store) == [2, 3, 4, 5, 11]
    assert len(deeplake.open(store, at=target)) == 40
    assert deeplake.open(store, at="main~1").commit_id == target
    read_all(store)


def test_commits_of_users_never_expire() -> None:
    store = ClockStore()
    ds = made(store)
    for _ in range(3):
        replace_all(ds)
    store.now_s = 800 * DAY
    ds.vacuum()
    assert slots(store) == [1, 2, 3, 4, 10]


def test_a_commit_was_no_head_for_the_whole_grace() -> None:
    store = ClockStore()
    ds = automatic(store)
    store.now_s = 8 * DAY
    replace_all(ds)
    store.now_s += 60
    before = slots(store)
    ds.vacuum()
    assert slots(store) == before[1:], "the empty one; statement 7 was the head a minute ago"


def test_after_a_compaction_slots_expire_and_media_stay_where_they_are() -> None:
    store = ClockStore()
    ds = deeplake.create(store, schema=SCHEMA)
    for n in range(12):
        ds.extend(rows(n, 3 if n % 2 else 30))  # rows in slots, and in packs
        commit(ds, "statement", automatic=True)
    expected = ds["blob"][:]
    ds.optimize()
    assert deeplake.connect(store).verify().ok
    for _ in range(2):
        ds.update({"label": 1}, rows=[0])
        commit(ds, "statement", automatic=True)
    store.now_s = 8 * DAY
    before = len(slots(store))
    freed = ds.vacuum()
    assert freed.kinds["commits"].objects == before - len(slots(store)) >= 12
    read_all(store)
    again = deeplake.open(store)
    assert again["blob"][:] == expected
    assert again["emb"][-1].tolist() == [13.0] * 4
    assert ds.vacuum().objects == 0


# --- crashes ----------------------------------------------------------------------------------


def littered(store: Store) -> Store:
    ds = automatic(store, 3)
    replace_all(ds)
    ds.extend(rows(0, 5))
    ds.commit("by a user")
    left_behind(store)
    return store


@pytest.fixture(params=["memory", "local"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Store]:
    if request.param == "memory":
        return lambda n: MemoryStore()
    return lambda n: LocalStore(str(tmp_path / f"r{n}"))


def all_keys(store: Store) -> set[str]:
    found = {info.key for info in store.list("")}
    return {key for key in found if not key.startswith(("gc/", "refs/hints/"))}


def kinds(keys: set[str]) -> tuple[int, list[str]]:
    """Comparable between stores: packs have random names."""
    return (
        sum(key.startswith("packs/") for key in keys),
        sorted(key for key in keys if not key.startswith("packs/")),
    )


def test_a_crash_at_any_write_of_a_vacuum_leaves_garbage_never_a_hole(
    fresh: Callable[[int], Store],
) -> None:
    counted = FaultStore(littered(fresh(0)))
    deeplake.open(counted).vacuum(0, no_writers=True)
    clean = kinds(all_keys(counted.inner))
    assert counted.operations >= 10
    expected = read_all(counted.inner)
    for run, (number, fault) in enumerate(every_fault(counted.operations), start=1):
        store = FaultStore(littered(fresh(run)), plan={number: fault})
        with pytest.raises(SimulatedCrash):
            deeplake.open(store).vacuum(0, no_writers=True)
        assert read_all(store.inner)["main"] == expected["main"]
        deeplake.open(store.inner).vacuum(0, no_writers=True)
        assert kinds(all_keys(store.inner)) == clean
        assert read_all(store.inner)["main"] == expected["main"]


def test_it_stops_at_the_first_failure() -> None:
    counted = FaultStore(littered(MemoryStore()))
    deeplake.open(counted).vacuum(0, no_writers=True)
    for number in range(1, counted.operations + 1):
        store = FaultStore(littered(MemoryStore()), plan={number: "unavailable"})
        try:
            deeplake.open(store).vacuum(0, no_writers=True)
        except StoreUnavailableError:
            writes = [entry for entry in store.log if entry[0] > number]
            assert all(key == "gc/clock" for _, _, key, _ in writes)
        assert read_all(store.inner)["main"] == 15
    assert CRASHES


def test_a_damaged_repository_is_not_vacuumed() -> None:
    store = ClockStore()
    ds = made(store)
    left_behind(store)
    store.now_s = 8 * DAY
    key = slot(3)
    damaged = bytearray(store.get(key))
    damaged[100] ^= 1
    store.put(key, [bytes(damaged)])
    there = used(store)
    with pytest.raises(deeplake.errors.DamageError):
        ds.vacuum()
    assert used(store) == there
    store.delete([key])
    with pytest.raises(deeplake.errors.DamageError):
        ds.vacuum()
    assert used(store) == there - {key}


# --- writers beside it ------------------------------------------------------------------------


@pytest.fixture
def cautious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction counts as a long one, so that what long ones do is what is tested."""
    monkeypatch.setattr(settings, "ANNOUNCED_S", -1.0)
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)


def interleaved(
    begin: Callable[[ClockStore], None],
    work: Callable[[Store], object],
    allowed: tuple[type[Exception], ...],
    stride: int = 1,
) -> set[str]:
    """A writer and a vacuum at every pair of operations; what came of the writer, over all."""

    def vacuum(store: Store) -> object:
        return deeplake.open(store).vacuum(600)

    def run(first: str, steps: tuple[int, int] | None) -> Stepper:
        store = ClockStore()
        begin(store)
        store.now_s = 1000.0
        stepper = Stepper(store)
        stepper.start("writer", work)
        stepper.start("vacuum", vacuum)
        second = "vacuum" if first == "writer" else "writer"
        if steps is not None:
            stepper.step(first, steps[0])
            stepper.step(second, steps[1])
        stepper.step(first)
        stepper.step(second)
        assert "vacuum" not in stepper.errors, stepper.errors
        error = stepper.errors.get("writer")
        assert error is None or isinstance(error, allowed), error
        read_all(store)
        outcomes.add("done" if error is None else type(error).__name__)
        return stepper

    outcomes: set[str] = set()
    alone = run("writer", None)
    counts = alone.steps
    for steps in schedules(counts["writer"], counts["vacuum"], stride):
        run("writer", steps)
        run("vacuum", (steps[1], steps[0]))
    return outcomes


def staged_before(store: ClockStore) -> None:
    made(store, 2)


SOME = pytest.param(3, id="some")
EVERY = pytest.param(1, id="every", marks=[pytest.mark.slow, pytest.mark.timeout(1800)])
"""Of the operations of both, those at which one stops and the other goes on."""


@pytest.mark.usefixtures("cautious")
@pytest.mark.parametrize("stride", [SOME, EVERY])
def test_a_long_transaction_is_committed_whole_or_refused(stride: int) -> None:
    def begin(store: ClockStore) -> None:
        made(store, 2)
        ds = deeplake.open(store)
        stage(ds)
        begun.append(ds)

    def work(store: Store) -> None:
        ds = begun.pop()
        ds._session.repository.objects.store = store
        ds.commit("long")

    begun: list[Dataset] = []
    outcomes = interleaved(begin, work, (CommitConflictError,), stride)
    assert outcomes == {"done", "CommitConflictError"}


def expiring(store: ClockStore) -> None:
    replace_all(automatic(store, 2))


TARGET = "0-3"


@pytest.mark.usefixtures("cautious")
@pytest.mark.parametrize("stride", [SOME, EVERY])
@pytest.mark.parametrize("verb", ["tag", "branch", "reset", "cherry_pick"])
def test_a_name_or_reset_to_an_expiring_commit_holds_or_is_refused(verb: str, stride: int) -> None:
    def work(store: Store) -> None:
        ds = deeplake.open(store)
        if verb == "tag":
            ds.tag("kept", TARGET)
        elif verb == "branch":
            ds.branch("kept", TARGET)
            ds.append({"label": 1})
            ds.commit("on it")
        elif verb == "cherry_pick":
            ds.cherry_pick(TARGET, on_conflict="theirs")
        else:
            ds.reset(TARGET)

    outcomes = interleaved(expiring, work, (RefNotFoundError, CommitConflictError), stride)
    assert outcomes == {"done", "RefNotFoundError"}


@pytest.mark.usefixtures("cautious")
def test_a_commit_on_an_expired_parent_is_refused_and_leaves_nothing(monkeypatch) -> None:
    """The slot it takes was free only because a vacuum had deleted the one that was there."""
    store = ClockStore()
    ds = automatic(store, 2)
    stale = deeplake.open(store)
    replace_all(ds)
    for n in range(3):
        ds.extend(rows(n, 1))
        commit(ds, "later", automatic=True)
    store.now_s = 8 * DAY
    ds.delete(rows=list(range(len(ds))))
    commit(ds, "empty", automatic=True)
    commit_again(ds)
    store.now_s = 16 * DAY
    assert deeplake.open(store).vacuum().kinds["commits"].objects >= 5
    there = used(store)
    monkeypatch.setattr(publish, "_check_parent", lambda *_: None)  # a bucket is not asked
    stale.append({"label": 1})
    with pytest.raises(CommitConflictError, match="expired"):
        stale.commit("too late")
    assert used(store) == there


def commit_again(ds: Dataset) -> None:
    for n in range(2):
        ds.append({"label": n})
        commit(ds, "more", automatic=True)


def test_pins_of_dead_writers_are_removed_in_the_end() -> None:
    store = ClockStore()
    ds = made(store)
    objects = Repository.open(store).objects
    left_behind(store)
    packs = [bytes.fromhex(key[-32:]) for key in store.there() if key.startswith("packs/")]
    store.now_s = 8 * DAY
    write_pin(objects, Pin((), tuple(packs)))
    assert ds.vacuum().kinds["packs"].objects == 0, "somebody may be committing them"
    store.now_s += 2 * 3600
    assert ds.vacuum().kinds["packs"].objects > 0
    assert not any(key.startswith("refs/pins/") for key in store.there())
