"""Old commits are read by stand-ins, so that the small objects of their own trees may go."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.errors import (
    CommitConflictError,
    DamageError,
    FormatVersionError,
    InputError,
    ObjectNotFoundError,
    StoreUnavailableError,
)
from deeplake.format import slot
from deeplake.storage.memory import MemoryStore
from deeplake.table.sameness import Sameness
from deeplake.table.sources import Source, Wanted
from deeplake.table.walk import Side
from deeplake.testing.faults import FaultStore, SimulatedCrash, every_fault
from deeplake.testing.stepping import ClockStore, Stepper, schedules
from deeplake.types.data import nulls
from deeplake.versioning import condensed
from deeplake.versioning.plans import Pin, write_pin
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset
    from deeplake.storage.store import Store

DAY = 86_400.0
same = Sameness.same
SCHEMA = {"n": "int", "text": "text", "emb": "emb-8", "blob": "blob"}


def row(number: int) -> dict[str, Any]:
    return {
        "n": number,
        "text": f"row {number}",
        "emb": np.full(8, number, np.float32),
        "blob": b"%d" % number * (number % 5),
    }


def automatic(ds: Dataset) -> None:
    ds._session.stand.commit("a statement", automatic=True)


def grown(store: Store, rows: int = 40, every: int = 10) -> tuple[Dataset, list[str]]:
    """Commits of a row each, every tenth of them a user's."""
    ds = deeplake.create(store, schema=SCHEMA)
    kept = []
    for number in range(rows):
        ds.append(row(number))
        if number % every:
            automatic(ds)
        else:
            kept.append(ds.commit(f"kept {number}").id)
    ds.optimize()
    return ds, kept


def content(store: Store, at: str) -> list[dict[str, Any]]:
    """All of a commit: rows with their ids, in order."""
    ds = deeplake.open(store, at=at)
    columns = {name: ds[name][:] for name in ds.schema}
    columns["row id"] = ds.row_ids[:]
    return [{name: _plain(values[k]) for name, values in columns.items()} for k in range(len(ds))]


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def slots(store: Store, branch: str = "") -> set[str]:
    return {info.key for info in store.list(f"refs/heads/{branch}")}


def packs(store: Store) -> set[str]:
    return {info.key for info in store.list("packs/")}


def stand_ins(store: Store) -> list[str]:
    return sorted(info.key for info in store.list(condensed.PREFIX))


def emptied(store: Store) -> None:
    deeplake.open(store).vacuum(0, no_writers=True)


def copied(store: MemoryStore) -> MemoryStore:
    found = MemoryStore()
    for info in list(store.list("")):
        found.put(info.key, [store.get(info.key)])
    return found


# --- what goes, and what stays -------------------------------------------------------------------


def test_small_slots_of_named_commits_go_and_each_reads_as_before() -> None:
    store = MemoryStore()
    ds, kept = grown(store)
    before = {commit: content(store, commit) for commit in kept}
    log = [commit.id for commit in ds.log()]
    emptied(store)
    assert len(slots(store)) == 2 * len(kept) + 1, "each, the slot before, and the newest"
    assert {commit: content(store, commit) for commit in kept} == before
    assert [commit.id for commit in deeplake.open(store).log()] == log
    assert deeplake.connect(store).verify(progress=False).ok
    assert deeplake.open(store).vacuum(0, no_writers=True).objects == 0


def test_every_way_to_name_an_old_commit_leads_to_its_stand_in() -> None:
    store = MemoryStore()
    ds, kept = grown(store)
    ds.tag("v1", kept[1])
    moment = next(commit.time for commit in ds.log() if commit.id == kept[2])
    ds.branch("side", kept[3], switch=False)
    emptied(store)
    assert content(store, "v1") == content(store, kept[1])
    assert content(store, kept[1][:-3]) == content(store, kept[1])
    assert content(store, "side") == content(store, kept[3])
    assert len(deeplake.open(store, at=moment)) == 21
    back = [commit.id for commit in ds.log(all=True)].index(kept[2])
    assert len(deeplake.open(store, at=f"main~{back}")) == 21


def test_a_move_to_a_commit_with_a_stand_in_has_nothing_of_its_own_to_revert() -> None:
    """The move has the tables of the stand-in, which are stored elsewhere than the commit's own."""
    store = MemoryStore()
    _, kept = grown(store)
    emptied(store)
    ds = deeplake.open(store)
    ds.branch("side", kept[1])
    for moved in (ds.merge(kept[2]), ds.reset(kept[1])):
        for verb in (ds.revert, ds.cherry_pick):
            with pytest.raises(InputError, match="changed nothing by itself"):
                verb(moved)
    assert not ds.conflicts()


def test_tagged_automatic_commits_have_stand_ins_too() -> None:
    store = MemoryStore()
    ds, _ = grown(store)
    ds.tag("between", "0-10")
    before = content(store, "between")
    emptied(store)
    assert content(store, "between") == before
    assert len(slots(store)) <= 2 * 4 + 2


def test_diff_revert_and_cherry_pick_take_what_a_commit_did() -> None:
    store = MemoryStore()
    ds, _ = grown(store, 20)
    ds["text"][3] = "changed"
    ds.delete(rows=[5])
    changed = ds.commit("changes").id
    for number in range(100, 110):
        ds.append(row(number))
        automatic(ds)
    ds.branch("other", "0-8", switch=False)
    ds.optimize()
    untouched = copied(store)
    emptied(store)
    found = []
    for one in (untouched, store):
        main = deeplake.open(one)
        diff = main.diff(f"{changed}~1", changed).to_arrow().to_pylist()
        main.revert(changed)
        other = deeplake.open(one, at="other")
        other.cherry_pick(changed)
        found.append((diff, content(one, "main"), content(one, "other")))
    assert found[0] == found[1]
    assert {"row 3", "row 5"} <= {row["text"] for row in content(store, "main")}


def test_a_merge_from_a_condensed_base_is_the_same_merge() -> None:
    store = MemoryStore()
    ds, kept = grown(store, 30)
    ds.branch("side", kept[1])
    ds.append(row(200))
    ds["text"][2] = "by side"
    ds.delete(rows=[4])
    ds.commit("side")
    ds.checkout("main")
    ds["n"][2] = -2
    ds["text"][20] = "by main"
    ds.commit("main")
    ds.optimize()
    untouched = copied(store)
    emptied(store)
    assert stand_ins(store)
    found = []
    for one in (untouched, store):
        main = deeplake.open(one)
        main.merge("side")
        found.append(content(one, "main"))
        back = deeplake.open(one, at="side")
        back.merge("main")
        found.append(content(one, "side"))
    assert found[:2] == found[2:]
    assert deeplake.connect(store).verify(progress=False).ok


def test_a_column_that_came_later_has_the_default_of_the_branch_that_adds_it() -> None:
    """Fragments of today hold the column's values of main; stand-ins must not."""
    store = MemoryStore()
    ds, kept = grown(store, 20)
    ds.add_column("score", "int", default=1)
    ds["score"][0:5] = 7
    ds.commit("scored")
    ds.optimize()
    emptied(store)
    assert stand_ins(store)
    side = deeplake.open(store)
    side.branch("side", kept[1])
    side.add_column("score", "int", default=5)
    side.commit("scored otherwise")
    assert side["score"][:].tolist() == [5] * 11


def test_consecutive_stand_ins_share_the_blocks_of_their_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Version runs are 16 bytes a row where each was a commit: they are stored once."""
    monkeypatch.setattr("deeplake.table.stand_ins.CUT_MIN", 8)
    store = MemoryStore()
    _, kept = grown(store, 200, 20)
    emptied(store)
    runs: dict[Any, int] = {}
    for commit in kept[:-1]:
        snapshot = Repository.open(store).resolve(commit).snapshot
        side = Side(snapshot.objects, snapshot.head, snapshot.table("data").records)
        for fragment in side.fragments(side.leaves(side.root)):
            runs[fragment.path[-1]] = len(fragment.fragment.versions)
    assert len(runs) >= len(kept) - 1
    assert sum(runs.values()) <= 200


def test_rows_that_a_stand_in_leaves_out_are_no_rows_of_other_stand_ins() -> None:
    """The branch is reset to a commit that is read by a stand-in: a fragment of main in which row
    3, changed there later, is left out and may have any version. It is not what row 3 was.
    """
    store, named, known = reset_to_a_stand_in()
    before = len(stand_ins(store))
    emptied(store)
    assert len(stand_ins(store)) == before + 1
    assert content(store, named) == known
    assert deeplake.connect(store).verify(progress=False).ok


def reset_to_a_stand_in() -> tuple[MemoryStore, str, list[dict[str, Any]]]:
    """A branch, an older commit of it, and the rows of that."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "blob": "blob"})
    ds.extend([{"n": k, "blob": b"first"} for k in range(5)])
    base = ds.commit("base").id
    side = deeplake.open(store)
    side.branch("side", base)
    side["n"][1] = 100
    named = side.commit("named").id
    known = content(store, named)
    ds["blob"][3] = b"later"
    ds.commit("later")
    ds.optimize()
    emptied(store)
    deeplake.open(store, at="side").reset(base)
    return store, named, known


def test_a_stand_in_with_another_value_is_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions alone do not tell: here rows are believed that a fragment leaves out."""
    store, named, known = reset_to_a_stand_in()
    before = stand_ins(store)

    find = Source.find

    def believed(self: Source, ids: Any) -> Any:
        self.gone = self.gone[:0]
        return find(self, ids)

    monkeypatch.setattr(Source, "find", believed)
    emptied(store)
    assert stand_ins(store) == before
    assert content(store, named) == known


@pytest.mark.parametrize("column", ["n", "text"])
def test_one_with_another_value_laid_over_is_not_announced(
    column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    ds, kept = grown(store, 12, 4)
    before = {commit: content(store, commit) for commit in kept}
    ds.update({"n": -1, "text": "later"}, rows=[2])
    ds.commit("later")
    ds.optimize()
    values = Wanted._values

    def another(self: Wanted, of: Any, rows: Any) -> Any:
        return nulls(of.layout, len(rows)) if of.name == column else values(self, of, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Wanted, "_values", another)
        emptied(store)
    assert not {*kept[1:]} & with_stand_ins(store), "they have row 2 as it was"
    assert {commit: content(store, commit) for commit in kept} == before
    emptied(store)
    assert {*kept[1:]} <= with_stand_ins(store)
    assert {commit: content(store, commit) for commit in kept} == before


def with_stand_ins(store: Store) -> set[str]:
    objects = Repository.open(store).objects
    found = [condensed.decode(store.get(o.info.key), "") for o in condensed.newest(objects)]
    return {str(one.commit_id) for several in found for one in several.values()}


# --- twice, and again --------------------------------------------------------------------------


def test_a_stand_in_is_made_once_and_anew_when_fragments_have_grown() -> None:
    store = MemoryStore()
    ds, kept = grown(store, 20)
    emptied(store)
    first, first_packs = stand_ins(store), packs(store)
    emptied(store)
    assert stand_ins(store) == first
    before = {commit: content(store, commit) for commit in kept}
    for number in range(300, 330):
        ds.append(row(number))
        automatic(ds)
    ds.optimize()
    emptied(store)
    assert len(stand_ins(store)) == len(first) + 1, "a second version"
    assert not first_packs <= packs(store), "what was joined first is needed no more"
    assert {commit: content(store, commit) for commit in kept} == before
    assert deeplake.connect(store).verify(progress=False).ok


def test_a_stand_in_counts_once_it_is_as_old_as_the_grace() -> None:
    store = ClockStore()
    ds, kept = grown(store)
    before = {commit: content(store, commit) for commit in kept}
    reader = deeplake.open(store, at=kept[1])
    store.now_s = 8 * DAY
    ds.vacuum()
    many = len(slots(store))
    assert stand_ins(store)
    assert many == 33, "whoever opened a commit before reads on"
    assert reader["n"][:].tolist() == list(range(11))
    store.now_s = 16 * DAY
    ds.vacuum()
    assert len(slots(store)) == 2 * len(kept) + 1
    assert {commit: content(store, commit) for commit in kept} == before


def test_a_handle_on_an_older_commit_is_told_to_open_it_again_where_no_grace_was_left() -> None:
    store = MemoryStore()
    _, kept = grown(store)
    reader = deeplake.open(store, at=kept[1])
    emptied(store)
    with pytest.raises(ObjectNotFoundError) as caught:
        reader["n"][:]
    assert "open it again" in caught.value.hint
    reader.checkout(kept[1])
    assert reader["n"][:].tolist() == list(range(11))


def test_a_repository_that_was_never_optimized_is_left_alone() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMA)
    for number in range(30):
        ds.append(row(number))
        ds.commit(f"kept {number}") if number % 10 == 0 else automatic(ds)
    emptied(store)
    assert not stand_ins(store)
    assert len(slots(store)) == 31, "the first, which made the table, comes before one of a user"


def test_who_does_not_know_stand_ins_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    grown(store)
    emptied(store)
    monkeypatch.setattr(slot, "FEATURES", slot.FEATURES - {condensed.FEATURE})
    with pytest.raises(FormatVersionError, match="condensed"):
        deeplake.open(store)


# --- a model -------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["append", "append", "append", "update", "wide", "delete", "add", "drop", "optimize",
             "vacuum", "tag", "side"]
        ),
        st.booleans(),
        st.integers(0, 2**16),
    ),
    min_size=4,
    max_size=40,
)  # fmt: skip


@hypothesis_settings(deadline=None)
@given(steps=STEPS, limits=st.sampled_from([(8, 1024, 256, 32768), (2, 3, 4, 6), (1, 2, 1, 1)]))
def test_whatever_happened_each_commit_that_stays_reads_the_same(
    steps: Any, limits: tuple[int, int, int, int]
) -> None:
    """Also where parts, pieces and what is kept as it is are as few rows as these trees have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deeplake.table.sources.PARTS_MAX", limits[0])
        patch.setattr("deeplake.table.sources.PART_ROWS_MIN", limits[1])
        patch.setattr("deeplake.table.stand_ins.CUT_MIN", limits[2])
        patch.setattr("deeplake.table.stand_ins.KEPT_ROWS_MIN", limits[3])
        patch.setattr(Sameness, "same", _surely_same)
        _played(steps)


def _surely_same(*told: Any) -> bool:
    """What is made is always found to be the same: nothing is left out in silence."""
    assert same(*told)
    return True


def _played(steps: Any) -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMA)
    known: dict[str, list[dict[str, Any]]] = {}
    for number, (what, named, draw) in enumerate(steps):
        _do(ds, what, number, draw)
        if what == "vacuum":
            emptied(store)
        elif what == "tag":
            ds.tag(f"t{number}")
            known[f"t{number}"] = content(store, f"t{number}")
        elif what == "side" and ds.commit_id is not None:
            ds.branch(f"b{number}")
        if not named:
            automatic(ds)
        elif not (commit := ds.commit(f"kept {number}")).automatic:
            known[commit.id] = content(store, commit.id)
    ds.optimize()
    diffs = _diffs(store, list(known))
    emptied(store)
    assert {at: content(store, at) for at in known} == known
    assert _diffs(store, list(known)) == diffs
    assert deeplake.connect(store).verify(progress=False).ok
    emptied(store)
    assert {at: content(store, at) for at in known} == known


def _do(ds: Dataset, what: str, number: int, draw: int) -> None:
    rng = np.random.default_rng(draw)
    some = sorted(rng.choice(len(ds), min(len(ds), 1 + draw % 4), replace=False).tolist())
    if what == "append":
        ds.extend([row(1000 * number + k) for k in range(1 + draw % 5)])
    elif what == "update" and some:
        ds.update({"n": -number, "text": f"step {number}"}, rows=some)
    elif what == "wide" and some:
        ds.update({"emb": np.full(8, number, np.float32), "blob": b"new"}, rows=some)
    elif what == "delete" and len(some) < len(ds):
        ds.delete(rows=some)
    elif what == "add" and "extra" not in ds.schema:
        ds.add_column("extra", "int", default=draw)
    elif what == "drop" and "extra" in ds.schema:
        ds.drop_column("extra")
    elif what == "optimize":
        ds.optimize()


def _diffs(store: Store, commits: list[str]) -> list[Any]:
    ds = deeplake.open(store)
    found = [ds.diff(a, b).to_arrow().to_pylist() for a, b in pairwise(commits)]
    return [sorted(map(repr, rows)) for rows in found]  # their order is that of fragments


# --- crashes and races --------------------------------------------------------------------------


def small(store: Store, rows: int = 12) -> tuple[dict[str, list[dict[str, Any]]], Dataset]:
    ds = deeplake.create(store, schema={"n": "int", "text": "text"})
    kept = []
    for number in range(rows):
        ds.append({"n": number, "text": f"row {number}"})
        if number == 6:
            ds["text"][1] = "changed"
        if number % 4:
            automatic(ds)
        else:
            kept.append(ds.commit(f"kept {number}").id)
    ds.optimize()
    return {commit: content(store, commit) for commit in kept}, ds


def whole(store: Store, known: dict[str, list[dict[str, Any]]]) -> None:
    assert deeplake.connect(store).verify(progress=False).ok
    assert {commit: content(store, commit) for commit in known} == known
    assert len(deeplake.open(store)) >= 9


def test_a_crash_at_any_write_leaves_every_named_commit_whole() -> None:
    counted = FaultStore(MemoryStore())
    known, _ = small(counted.inner)
    deeplake.open(counted).vacuum(0, no_writers=True)
    assert stand_ins(counted.inner)
    clean = len(slots(counted.inner))
    for number, fault in every_fault(counted.operations):
        store = FaultStore(MemoryStore(), plan={number: fault})
        known, _ = small(store.inner)
        with pytest.raises(SimulatedCrash):
            deeplake.open(store).vacuum(0, no_writers=True)
        whole(store.inner, known)
        emptied(store.inner)
        assert len(slots(store.inner)) == clean
        whole(store.inner, known)


def test_a_store_that_fails_once_stops_it_and_loses_nothing() -> None:
    counted = FaultStore(MemoryStore())
    small(counted.inner)
    deeplake.open(counted).vacuum(0, no_writers=True)
    for number in range(1, counted.operations + 1):
        store = FaultStore(MemoryStore(), plan={number: "unavailable"})
        known, _ = small(store.inner)
        try:
            deeplake.open(store).vacuum(0, no_writers=True)
        except StoreUnavailableError:
            whole(store.inner, known)
        emptied(store.inner)
        whole(store.inner, known)


class Through:
    """A store that becomes another one, so that handles are open before it is stepped."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


VERBS = ["merge", "cherry_pick", "reset", "commit", "optimize", "vacuum", "first commit"]


def work(verb: str, handles: dict[str, Dataset], known: list[str]) -> None:
    if verb == "merge":
        handles["side"].merge("main")
    elif verb == "cherry_pick":
        handles["side"].cherry_pick(known[2])
    elif verb == "reset":
        handles["side"].reset(known[2])
    elif verb == "commit":
        handles["main"].append({"n": 100, "text": "beside"})
        handles["main"].commit("beside")
    elif verb == "optimize":
        handles["main"].optimize()
    elif verb == "vacuum":
        handles["main"].vacuum(600)
    else:
        handles["empty"].append({"n": 100, "text": "first"})
        handles["empty"].commit("first")


FEW = pytest.param(17, id="few")
MANY = pytest.param(2, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(3600)])
"""Of the operations of both, those at which one stops and the other goes on."""


@pytest.mark.parametrize("stride", [FEW, MANY])
@pytest.mark.parametrize("made", [False, True], ids=["making them", "taking them"])
@pytest.mark.parametrize("verb", VERBS)
def test_whoever_works_beside_it_is_served_or_refused(
    verb: str, made: bool, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vacuum that makes stand-ins, or one that takes them; the other opened everything before."""
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)
    outcomes = set()

    def run(first: str, steps: tuple[int, int] | None) -> Stepper:
        store = ClockStore()
        known, ds = small(store, 9)
        names = list(known)
        ds.branch("side", names[1])
        ds.append({"n": 50, "text": "side"})
        ds.commit("side")
        ds.branch("empty", names[1])
        through = Through(store)
        handles = {name: deeplake.open(through, at=name) for name in ("main", "side", "empty")}
        store.now_s = 1000.0
        if made:
            deeplake.open(store).vacuum(600)
            store.now_s = 2000.0

        def worker(stepped: Store) -> None:
            through.inner = stepped
            work(verb, handles, names)

        stepper = Stepper(store)
        stepper.start("worker", worker)
        stepper.start("vacuum", lambda s: deeplake.open(s).vacuum(600))
        second = "vacuum" if first == "worker" else "worker"
        if steps is not None:
            stepper.step(first, steps[0])
            stepper.step(second, steps[1])
        stepper.step(first)
        stepper.step(second)
        if verb != "vacuum":
            assert "vacuum" not in stepper.errors, stepper.errors
        error = stepper.errors.get("worker")
        refused = DamageError if verb == "vacuum" else CommitConflictError
        assert error is None or isinstance(error, refused), error
        outcomes.add(type(error).__name__)
        whole(store, known)
        for name in ("side", "empty"):
            content(store, name)
        return stepper

    counts = run("worker", None).steps
    for steps in schedules(counts["worker"], counts["vacuum"], stride):
        run("worker", steps)
        run("vacuum", (steps[1], steps[0]))
    if made and verb == "first commit":
        assert outcomes == {"CommitConflictError"}, "its base was opened before it had a stand-in"
    else:
        assert "NoneType" in outcomes


def test_a_commit_that_was_pinned_before_keeps_what_it_was_opened_from() -> None:
    store = ClockStore()
    known, ds = small(store)
    commit = Repository.open(store).resolve(list(known)[1]).snapshot.commit_id
    assert commit is not None
    before = slots(store)
    store.now_s = 1000.0
    write_pin(Repository.open(store).objects, Pin((commit,), ()))
    store.now_s = 1001.0
    ds.vacuum(600)
    store.now_s = 2000.0
    ds.vacuum(600)
    assert stand_ins(store)
    own = {key for key in before if int(key[-16:], 16) <= commit.sequence}
    assert own - {min(own)} <= slots(store), "its own tree"
    store.now_s = 6000.0
    ds.vacuum(600)
    assert not own <= slots(store), "a pin counts for an hour"
    whole(store, known)


def test_an_old_handle_that_would_build_on_what_is_gone_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ClockStore()
    known, ds = small(store)
    ds.branch("empty", list(known)[1], switch=False)
    old = deeplake.open(store, at="empty")
    old.append({"n": 1, "text": "x"})
    store.now_s = 1000.0
    deeplake.open(store).vacuum(600)
    store.now_s = 2000.0
    deeplake.open(store).vacuum(600)
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)
    with pytest.raises(CommitConflictError, match="opened long ago"):
        old.commit("on what is gone")
    assert not [key for key in slots(store) if "000000000000/" not in key]
    assert not list(store.list("refs/pins/"))
    whole(store, known)


def test_two_vacuums_that_make_the_same_stand_ins_agree() -> None:
    def run(steps: tuple[int, int] | None) -> Stepper:
        store = ClockStore()
        known, _ = small(store, 9)
        store.now_s = 1000.0
        stepper = Stepper(store)
        for name in ("one", "two"):
            stepper.start(name, lambda s: deeplake.open(s).vacuum(600))
        if steps is not None:
            stepper.step("one", steps[0])
            stepper.step("two", steps[1])
        stepper.step("one")
        stepper.step("two")
        for error in stepper.errors.values():
            assert "another vacuum may be running" in str(error)
        whole(store, known)
        store.now_s = 2000.0
        deeplake.open(store).vacuum(600)
        whole(store, known)
        return stepper

    counts = run(None).steps
    for steps in schedules(counts["one"], counts["two"], 23):
        run(steps)


def test_a_damaged_stand_in_is_reported_and_nothing_else_is_lost() -> None:
    store = MemoryStore()
    known, _ = small(store)
    emptied(store)
    (key,) = stand_ins(store)
    raw = bytearray(store.get(key))
    raw[10] ^= 1
    store.delete([key])
    store.put(key, [bytes(raw)])
    found = deeplake.connect(store).verify(progress=False)
    assert key in [damage.key for damage in found.damages]
    with pytest.raises(DamageError):
        deeplake.open(store, at=next(iter(known)))
    assert len(deeplake.open(store)) == 12
