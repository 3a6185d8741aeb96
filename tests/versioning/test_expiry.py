"""Automatic commits expire between those that users made; history closes over the gaps."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import CommitConflictError, RefNotFoundError, StoreUnavailableError
from deeplake.storage.local import LocalStore
from deeplake.storage.memory import MemoryStore
from deeplake.testing import stepping
from deeplake.testing.faults import FaultStore, SimulatedCrash, every_fault
from deeplake.testing.stepping import ClockStore, SteppedStore, Stepper, schedules
from deeplake.versioning.ancestry import is_ancestor, merge_bases
from deeplake.versioning.head import find_head
from deeplake.versioning.objects import Objects
from deeplake.versioning.plans import NOTHING, Plan, plan_of, read_plan, union, write_plan
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from deeplake.api.dataset import Dataset
    from deeplake.storage.store import Store

DAY = 86_400.0
SCHEMA = {"n": "int", "text": "text"}


@pytest.fixture(autouse=True)
def rows_in_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows lie in packs, so that slots need only the slots of fragments."""
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 512)


def statement(ds: Dataset, number: int) -> None:
    """An automatic commit that leaves one row, rewritten whole: no later one needs its slot."""
    if len(ds):
        ds.delete(rows=list(range(len(ds))))
    ds.append({"n": number, "text": "x" * 600})
    ds._session.stand.commit(f"statement {number}", automatic=True)


def named(ds: Dataset, message: str) -> str:
    ds.append({"n": -1, "text": message})
    ds.commit(message)
    return str(ds.commit_id)


def mixed(store: Store, between: int = 4) -> tuple[Dataset, list[str]]:
    """Slot 1 makes the table; then a commit of a user before every few statements."""
    ds = deeplake.create(store, schema=SCHEMA)
    kept = []
    for k in range(3):
        kept.append(named(ds, f"kept {k}"))
        for n in range(between):
            statement(ds, 10 * k + n)
    return ds, kept


def test_what_the_first_commit_after_a_gap_did_is_not_known() -> None:
    """It stays since a named one follows it, and what came before it has expired."""
    ds, kept = mixed(MemoryStore())
    (before,) = ds._session.stand.repository.resolve(kept[1]).snapshot.header.parents
    ds.vacuum(0, no_writers=True, progress=False)
    head = ds.commit_id
    for verb in (ds.revert, ds.cherry_pick):
        with pytest.raises(RefNotFoundError, match="did is no longer known.* has expired"):
            verb(str(before))
    assert ds.commit_id == head
    ds.revert(kept[1], on_conflict="ours")


def slots(store: Store, branch: int = 0) -> list[int]:
    prefix = f"refs/heads/{branch:012x}/"
    return sorted(int(info.key[len(prefix) :], 16) for info in store.list(prefix))


def aged() -> tuple[ClockStore, Dataset, list[str]]:
    store = ClockStore()
    ds, kept = mixed(store)
    store.now_s = 8 * DAY
    return store, ds, kept


def test_the_slots_between_named_commits_go_and_history_closes_over_them() -> None:
    store, ds, kept = aged()
    contents = {commit: deeplake.open(store, at=commit)["n"][:].tolist() for commit in kept}
    times = {c.id: c.time for c in ds.log()}
    freed = ds.vacuum()
    # 2, 7 and 12 are named, 1, 6 and 11 come before them, 16 is the newest
    assert slots(store) == [1, 2, 6, 7, 11, 12, 16]
    assert freed.kinds["commits"].objects == 9
    assert deeplake.connect(store).verify(progress=False).ok
    again = deeplake.open(store)
    assert [c.id for c in again.log()] == kept[::-1]
    assert [c.message for c in again.log(all=True)] == [
        "statement 23", "kept 2", "statement 13", "kept 1", "statement 3", "kept 0",
        "create table data",
    ]  # fmt: skip
    assert deeplake.open(store, at="main~1").commit_id == kept[2]
    assert deeplake.open(store, at="main~5").commit_id == kept[0]
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at="main~7")
    for commit in kept:
        assert deeplake.open(store, at=commit)["n"][:].tolist() == contents[commit]
        for late in (timedelta(0), timedelta(microseconds=1)):
            at = times[commit] + late
            assert deeplake.open(store, at=at).commit_id == commit
    first = deeplake.open(store, at=times[kept[0]] - timedelta(microseconds=1)).log(all=True)[0]
    assert first.message == "create table data"
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at=first.time - timedelta(microseconds=1))
    assert ds.vacuum().objects == 0
    assert str(again.log()).count("\n") == 2


def test_a_moment_in_a_gap_is_the_commit_kept_before_it() -> None:
    store, ds, kept = aged()
    gone = next(c for c in ds.log(all=True) if c.message == "statement 1")
    ds.vacuum()
    assert deeplake.open(store, at=gone.time).commit_id == kept[0]
    with pytest.raises(RefNotFoundError):
        deeplake.open(store, at=gone.id)


def changes(ds: Dataset, kept: list[str]) -> str:
    return str(ds.diff(kept[0], kept[2]))


def test_diff_revert_merge_and_further_commits_cross_gaps() -> None:
    store, ds, kept = aged()
    ds.branch("side", kept[1])
    ds.append({"n": 77, "text": "side"})
    ds.commit("on side")
    ds.checkout("main")
    before = changes(ds, kept)
    ds.vacuum()
    again = deeplake.open(store)
    assert changes(again, kept) == before
    again.merge("side")
    assert sorted(again["n"][:]) == [23, 77]
    again.revert(kept[2])
    again.cherry_pick(kept[2], on_conflict="theirs")
    assert deeplake.connect(store).verify(progress=False).ok
    assert [c.id for c in again.log()][-3:] == kept[::-1]


def test_what_a_user_did_can_be_reverted_alone_though_automatic_commits_before_it_expired() -> None:
    store = ClockStore()
    ds, _ = mixed(store)
    ds.delete(rows=list(range(len(ds))))
    ds.commit("emptied")
    emptied = ds.commit_id
    for n in range(6):
        statement(ds, 100 + n)
    store.now_s = 8 * DAY
    ds.vacuum()
    assert slots(store) == [1, 2, 6, 7, 11, 12, 16, 17, 23]
    again = deeplake.open(store)
    again.revert(emptied)
    assert sorted(again["n"][:].tolist()) == [23, 105], "the row it deleted, and nothing older"


@pytest.mark.parametrize("automatic", [0, 5])
def test_the_first_commit_of_a_user_can_be_reverted_and_picked_after_a_vacuum(
    automatic: int,
) -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMA)
    for n in range(automatic):
        statement(ds, n)
    first = named(ds, "a bad import")
    there = ds["n"][:].tolist()
    named(ds, "a good one")
    ds.append({"n": 5, "text": ""})
    ds._session.stand.commit("goes on", automatic=True)
    for _ in range(2):
        deeplake.connect(store).vacuum(0, no_writers=True)
    again = deeplake.open(store)
    again.revert(first)
    assert again["n"][:].tolist() == [*there[:-1], -1, 5]
    again.cherry_pick(first)
    assert sorted(again["n"][:].tolist()) == sorted([*there, -1, 5])
    assert len(slots(store)) == 2 + 1 + 1 + 2, "nothing before the one before it"


@pytest.mark.parametrize("knowing", [False, True])
def test_the_base_of_a_merge_that_expired_gives_way_to_the_one_kept_before_it(
    knowing: bool,
) -> None:
    """Both sides have merged the same branch at a commit before which one slot has gone.

    Args:
        knowing: whether whoever asks has the expired slots in memory, since it wrote them.
    """
    store, ds, kept = aged()
    ds.branch("side", kept[2])
    for k in range(3):
        ds.append({"n": 100 + k, "text": "side"})
        ds.commit(f"side {k}")
    ds.checkout("main")
    ds.merge("side")
    ds.vacuum()
    objects = ds._session.stand.repository.objects if knowing else Repository.open(store).objects
    gone = [s for s in range(1, 16) if s not in slots(store)]
    assert gone
    assert all(objects.recalled_slot(0, s) is not None for s in gone) is knowing
    assert all(objects.read_slot_again(0, s) is None for s in gone)
    heads = [deeplake.open(store, at=name)._session.stand.snapshot for name in ("main", "side")]
    bases = merge_bases(objects, *heads)
    assert [base.commit_id for base in bases] == [heads[1].commit_id]
    for commit in kept:
        found = Repository.open(store).resolve(commit).snapshot
        assert is_ancestor(objects, found.commit_id, heads[0])


@pytest.mark.parametrize("hinted", [2, 6, 7, 12])
def test_a_hint_before_a_gap_leads_to_the_head_all_the_same(hinted: int) -> None:
    store, ds, _ = aged()
    named(ds, "newest")
    ds.vacuum()
    assert hinted in slots(store)
    store.put("refs/hints/main", [b"0 %x\n" % hinted])
    again = deeplake.open(store)
    assert again.log()[0].message == "newest"
    again.append({"n": 5, "text": ""})
    again.commit("goes on")
    assert slots(store)[-2:] == [17, 18]


def test_a_handle_that_stands_before_a_gap_is_led_over_it() -> None:
    store = ClockStore()
    ds, _ = mixed(store)
    last = named(ds, "last")
    stale = deeplake.open(store)
    assert stale.commit_id == last
    for n in range(8):
        statement(ds, n)
    store.now_s = 8 * DAY
    ds.vacuum()
    assert 18 not in slots(store)
    stale.refresh()
    assert stale.commit_id == ds.commit_id
    stale.append({"n": 3, "text": ""})
    stale.commit("after all")
    assert slots(store)[-1] == 26


def test_a_stale_writer_that_takes_a_slot_in_a_gap_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)
    store = ClockStore()
    ds, _ = mixed(store)
    named(ds, "last")
    stale = deeplake.open(store)
    stale.append({"n": 3, "text": ""})
    for n in range(8):
        statement(ds, n)
    store.now_s = 8 * DAY
    ds.vacuum()
    there = slots(store)
    with pytest.raises(CommitConflictError, match="expired"):
        stale.commit("too late")
    assert slots(store) == there


@pytest.mark.parametrize("sequence", [3, 5])
def test_what_a_stalled_writer_left_in_a_gap_is_no_commit_and_goes(sequence: int) -> None:
    """Also where it has the place of the parent of a commit that is kept."""
    store, ds, kept = aged()
    ds.vacuum()
    there = slots(store)
    key = f"refs/heads/000000000000/{sequence:016x}"
    other = MemoryStore()
    mixed(other)
    store.put(key, [other.get(key)])
    again = deeplake.open(store)
    assert [c.id for c in again.log()] == kept[::-1]
    head = again._session.stand.snapshot
    assert is_ancestor(
        head.objects, Repository.open(store).resolve(kept[0]).snapshot.commit_id, head
    )
    store.now_s += 8 * DAY
    ds.vacuum()
    assert slots(store) == there


def test_slots_that_lead_elsewhere_never_expire_in_the_middle() -> None:
    """A fast-forward, a reset and a merge tie lines of history together."""
    store = ClockStore()
    ds, kept = mixed(store)
    ds.branch("side")
    named(ds, "on side")
    ds.checkout("main")
    ds.merge("side")  # a fast-forward: automatic, and its parent is on another branch
    forward = max(slots(store))
    ds.reset(kept[2])
    for n in range(8):
        statement(ds, n)
    store.now_s = 8 * DAY
    ds.vacuum()
    assert {forward, forward + 1} <= set(slots(store))
    assert [c.message for c in deeplake.open(store).log()] == ["kept 2", "kept 1", "kept 0"]
    assert deeplake.connect(store).verify(progress=False).ok


def test_a_branch_of_automatic_commits_is_still_merged_from_where_it_forked() -> None:
    """Its first slot says where that is: without it a merge knew of no base."""
    store = ClockStore()
    ds = deeplake.create(store, schema=SCHEMA)
    ds.extend([{"n": n, "text": f"row {n}"} for n in range(4)])
    ds.commit("rows")
    ds.branch("side")
    for n in range(6):
        ds["n"][0] = 100 + n
        ds._session.stand.commit(f"statement {n}", automatic=True)
    side = ds.optimize()
    ds.checkout("main")
    ds.delete(rows=[2])
    ds.commit("without 2")
    store.now_s = 8 * DAY
    ds.vacuum()
    assert deeplake.open(store, at="side")["n"][:].tolist() == [105, 1, 2, 3], side
    ds.merge("side")
    assert ds["n"][:].tolist() == [105, 1, 3]
    assert len(ds.log(all=True)) > 3


def test_a_plan_names_so_many_gaps_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "GAPS_MAX", 1)
    store, ds, kept = aged()
    ds.vacuum()
    plan = read_plan(Repository.open(store).objects)
    assert [len(gaps) for gaps in plan.gaps.values()] == [1]
    assert [c.id for c in deeplake.open(store).log()] == kept[::-1]
    assert deeplake.connect(store).verify(progress=False).ok
    assert ds.vacuum().objects == 0


def test_a_missing_slot_that_no_plan_names_is_damage() -> None:
    store, ds, _ = aged()
    ds.vacuum()
    store.delete([f"refs/heads/000000000000/{11:016x}"])
    assert not deeplake.connect(store).verify(progress=False).ok
    with pytest.raises(deeplake.errors.DamageError):
        ds.vacuum()


def test_plans_are_united() -> None:
    first = plan_of(5, {0: [(1, 4), (8, 9)], 7: [(3, 3)]})
    second = plan_of(3, {0: [(10, 12), (5, 5), (20, 30)]})
    both = union([first, second])
    assert both == Plan(5, {0: 5}, {0: ((8, 12), (20, 30)), 7: ((3, 3),)})
    assert [s for s in range(1, 35) if not both.covers((0, s))] == [
        6, 7, *range(13, 20), *range(31, 35)
    ]  # fmt: skip
    assert [both.kept_before(0, s) for s in (5, 6, 12, 25, 31)] == [0, 6, 7, 19, 31]
    assert both.last(0) == 30
    assert both.last(1) == 0
    assert union([]) == NOTHING
    objects = Repository.create(MemoryStore()).objects
    write_plan(objects, both)
    assert read_plan(objects) == both


# --- crashes and races ------------------------------------------------------------------------


def check(store: Store, kept: list[str]) -> None:
    """Every commit of a user is there, and whole."""
    assert deeplake.connect(store).verify(progress=False).ok
    ds = deeplake.open(store)
    assert [c.id for c in ds.log()][-len(kept) :] == kept[::-1]
    for number, commit in enumerate(kept):
        one = deeplake.open(store, at=commit)
        assert one["text"][:][-1] == f"kept {number}"
        assert len(one["n"][:]) == len(one)


def test_a_crash_at_any_write_of_a_vacuum_loses_no_commit_of_a_user() -> None:
    counted = FaultStore(MemoryStore())
    _, kept = mixed(counted.inner)
    deeplake.open(counted).vacuum(0, no_writers=True)
    clean = slots(counted.inner)
    check(counted.inner, kept)
    for number, fault in every_fault(counted.operations):
        store = FaultStore(MemoryStore(), plan={number: fault})
        _, kept = mixed(store.inner)
        with pytest.raises(SimulatedCrash):
            deeplake.open(store).vacuum(0, no_writers=True)
        check(store.inner, kept)
        deeplake.open(store.inner).vacuum(0, no_writers=True)
        assert slots(store.inner) == clean
        check(store.inner, kept)


def test_a_store_that_fails_once_stops_a_vacuum_and_loses_nothing() -> None:
    counted = FaultStore(MemoryStore())
    mixed(counted.inner)
    deeplake.open(counted).vacuum(0, no_writers=True)
    for number in range(1, counted.operations + 1):
        store = FaultStore(MemoryStore(), plan={number: "unavailable"})
        _, kept = mixed(store.inner)
        try:
            deeplake.open(store).vacuum(0, no_writers=True)
        except StoreUnavailableError:
            check(store.inner, kept)


@pytest.mark.parametrize(
    "stride", [7, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("verb", ["tag", "branch", "reset", "merge", "commit", "open"])
def test_whoever_works_beside_a_vacuum_is_served_or_refused(
    verb: str, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)
    outcomes = set()

    def work(store: Store) -> None:
        ds = deeplake.open(store)
        if verb == "tag":
            ds.tag("kept", "0-4")
        elif verb == "branch":
            ds.branch("kept", "0-4")
            named(ds, "on it")
        elif verb == "reset":
            ds.reset("0-4")
        elif verb == "merge":
            ds.merge("side", on_conflict="ours")
        elif verb == "commit":
            named(ds, "beside it")
        else:
            assert [c.message for c in ds.log()][-3:] == ["kept 2", "kept 1", "kept 0"]
            deeplake.open(store, at="main~3")

    def run(first: str, steps: tuple[int, int] | None) -> Stepper:
        store = ClockStore()
        ds, kept = mixed(store, between=3)
        ds.branch("side", kept[1])
        named(ds, "on side")
        store.now_s = 1000.0
        stepper = Stepper(store)
        stepper.start("worker", work)
        stepper.start("vacuum", lambda s: deeplake.open(s).vacuum(600))
        second = "vacuum" if first == "worker" else "worker"
        if steps is not None:
            stepper.step(first, steps[0])
            stepper.step(second, steps[1])
        stepper.step(first)
        stepper.step(second)
        assert "vacuum" not in stepper.errors, stepper.errors
        error = stepper.errors.get("worker")
        assert error is None or isinstance(error, RefNotFoundError | CommitConflictError), error
        outcomes.add("done" if error is None else type(error).__name__)
        assert deeplake.connect(store).verify(progress=False).ok
        for commit in kept:
            deeplake.open(store, at=commit)["text"][:]
        return stepper

    counts = run("worker", None).steps
    for steps in schedules(counts["worker"], counts["vacuum"], stride):
        run("worker", steps)
        run("vacuum", (steps[1], steps[0]))
    assert "done" in outcomes
    assert outcomes <= (
        {"done", "RefNotFoundError"} if verb in ("tag", "branch", "reset") else {"done"}
    )


class RemoteSteps(SteppedStore):
    """Steps of a store whose requests are sent in rounds."""

    remote = True


def copied(store: ClockStore) -> ClockStore:
    made = ClockStore()
    for key in sorted(store.there()):
        made.now_s = store.times[key]
        made.put(key, [store.get(key)])
    made.now_s = store.now_s
    return made


@pytest.mark.parametrize("steps_of", [SteppedStore, RemoteSteps])
@pytest.mark.parametrize("name", ["main", "side", "short"])
def test_a_head_without_a_hint_is_found_whatever_a_vacuum_deletes_meanwhile(
    name: str, steps_of: type[SteppedStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slot 1 goes from 'main'. On 'side' it is kept alone before a gap: the probes may all come by
    when what follows it has gone, and the mark be asked for before there is one.
    """
    monkeypatch.setattr(stepping, "SteppedStore", steps_of)
    made = ClockStore()
    ds, _ = mixed(made)
    branches = {"main": 0}
    for other, count in (("side", 19), ("short", 0)):
        ds.checkout("main")
        ds.branch(other)
        named(ds, f"on {other}")
        branches[other] = ds._session.stand.branch.branch_id
        for n in range(count):
            statement(ds, n)
    made.now_s = 1000.0
    branch = branches[name]
    newest = slots(made, branch)[-1]
    found = []

    def find(store: Store) -> None:
        head = find_head(Objects(store), branch, 0)
        found.append(None if head is None else head.header.commit_id.sequence)

    def run(first: str, steps: tuple[int, int] | None) -> Stepper:
        stepper = Stepper(copied(made))
        stepper.start("reader", find)
        stepper.start("vacuum", lambda s: deeplake.open(s).vacuum(600))
        second = "vacuum" if first == "reader" else "reader"
        if steps is not None:
            stepper.step(first, steps[0])
            stepper.step(second, steps[1])
        stepper.step(first)
        stepper.step(second)
        assert not stepper.errors
        assert found.pop() == newest
        return stepper

    counts = run("reader", None).steps
    for reads in range(counts["reader"] + 1):
        run("reader", (reads, counts["vacuum"]))
        for part in (5, 7, 9):  # it has announced itself, and has begun to delete
            run("vacuum", (counts["vacuum"] * part // 10, reads))
            run("reader", (reads, counts["vacuum"] * part // 10))


VACUUM = """
import sys, deeplake
print("begins", flush=True)
deeplake.open(sys.argv[1]).vacuum(0, no_writers=True)
"""


def test_a_vacuum_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    url = str(tmp_path / "killed")
    _, kept = mixed(LocalStore(url), between=30)
    before = len(slots(LocalStore(url)))
    for kill in range(6):
        run = subprocess.Popen([sys.executable, "-c", VACUUM, url], stdout=subprocess.PIPE)
        assert run.stdout is not None
        assert run.stdout.readline()
        time.sleep(0.02 + 0.015 * kill)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        check(LocalStore(url), kept)
    deeplake.open(url).vacuum(0, no_writers=True)
    check(LocalStore(url), kept)
    assert len(slots(LocalStore(url))) == 7 < before, "what users made, and the one before each"
