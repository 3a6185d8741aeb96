"""Common ancestors equal those of a plain search over all commits, in a handful of reads."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.format.keys import CommitId, slot_key
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore
from deeplake.versioning.adopt import adopt
from deeplake.versioning.ancestry import is_ancestor, is_ancestor_of_any, merge_bases
from deeplake.versioning.history import open_commit, walk_all
from deeplake.versioning.plans import plan_of, write_plan
from deeplake.versioning.publish import publish
from deeplake.versioning.repository import Repository
from deeplake.versioning.snapshot import Snapshot
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from deeplake.storage.store import Store
    from deeplake.versioning.refs import Branch

NOTHING = Staged((), (), 0)
SECOND = 1_000_000_000


class Step(NamedTuple):
    """`what` is done on branch `on` with commit `other`, at a time of that writer's clock."""

    what: str
    on: int
    other: int
    clock_s: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["commit", "commit", "branch", "merge", "reset", "adopt"]),
        st.integers(0, 4), st.integers(0, 30), st.integers(0, 3),
    ),
    min_size=2,
    max_size=24,
)  # fmt: skip


def stamp() -> Stamp:
    return Stamp("ann", "one", False, int.from_bytes(os.urandom(8), "little"))


class History:
    """Commits made through real slots; every one is kept to be asked about."""

    def __init__(self, store: Store) -> None:
        self.repository = Repository.create(store)
        self.objects = self.repository.objects
        self.branches = [self.repository.branch("main")]
        self.commits: list[Snapshot] = []
        self.commit(self.branches[0])

    def commit(self, branch: Branch, *parents: Snapshot) -> Snapshot:
        beside = tuple(p.commit_id for p in parents)
        head = self.repository.head(branch)
        made = publish(self.objects, branch, head, NOTHING._replace(parents=beside), stamp())
        self.commits.append(made)
        return made

    def branch(self, base: Snapshot) -> Branch:
        made = self.repository.create_branch(f"b{len(self.branches)}", base)
        self.branches.append(made)
        return made

    def move(self, branch: Branch, target: Snapshot, *, reset: bool = True) -> Snapshot:
        head = self.repository.head(branch)
        made = adopt(self.objects, branch, head, target, stamp(), reset=reset)
        if made is not head:
            self.commits.append(made)
        return made

    def do(self, step: Step) -> None:
        branch = self.branches[step.on % len(self.branches)]
        other = self.commits[step.other % len(self.commits)]
        if step.what == "commit":
            self.commit(branch)
        elif step.what == "branch":
            self.branch(other)
        elif step.what == "merge":
            self.commit(branch, other)
        else:
            self.move(branch, other, reset=step.what == "reset")


def made_by(steps: list[Step], history: History) -> None:
    real = time.time_ns
    try:
        for step in steps:
            time.time_ns = lambda at=step.clock_s: at * SECOND
            history.do(step)
    finally:
        time.time_ns = real


def ancestors(commits: list[Snapshot]) -> dict[CommitId, set[CommitId]]:
    """By the plain definition: the commit itself and those of its parents."""
    found: dict[CommitId, set[CommitId]] = {}
    for commit in commits:  # parents come first
        header = commit.header
        found[header.commit_id] = {header.commit_id}.union(*(found[p] for p in header.parents))
    return found


@given(STEPS)
def test_common_ancestors_are_those_of_a_plain_search(steps):
    history = History(MemoryStore())
    made_by(steps, history)
    objects, commits = history.objects, history.commits
    above = ancestors(commits)
    for a in commits[-7:]:
        for b in commits[-7:]:
            common = above[a.commit_id] & above[b.commit_id]
            best = {c for c in common if not any(c in above[d] - {d} for d in common)}
            found = merge_bases(objects, a, b)
            assert {base.commit_id for base in found} == best
            assert len(found) == len(best)
            times = [base.header.time_us for base in found]
            assert times == sorted(times, reverse=True)
        for b in commits:
            assert is_ancestor(objects, b.commit_id, a) == (b.commit_id in above[a.commit_id])


@given(STEPS)
def test_the_whole_history_is_walked_in_order_of_time_each_commit_once(steps):
    history = History(MemoryStore())
    made_by(steps, history)
    above = ancestors(history.commits)
    for commit in history.commits:
        found = [slot.header for slot in walk_all(history.objects, commit.head)]
        ids = [header.commit_id for header in found]
        assert set(ids) == above[commit.commit_id]
        assert len(ids) == len(set(ids))
        times = [header.time_us for header in found]
        assert times == sorted(times, reverse=True)


@given(STEPS, st.integers(1, 30), st.integers(1, 30))
def test_a_commit_is_below_one_of_several_if_it_is_below_any(steps, first, second):
    history = History(MemoryStore())
    made_by(steps, history)
    above = ancestors(history.commits)
    heads = [history.commits[n % len(history.commits)] for n in (first, second)]
    both = above[heads[0].commit_id] | above[heads[1].commit_id]
    for commit in history.commits:
        found = is_ancestor_of_any(history.objects, commit.commit_id, heads)
        assert found == (commit.commit_id in both)


@given(STEPS)
def test_slots_that_say_nothing_of_their_chain_give_the_same_answer(steps):
    """Those of older versions: each is a chain of its own."""
    history = History(MemoryStore())
    made_by(steps, history)
    silent = Repository.open(history.repository.store).objects
    read = silent.read_slot

    def read_silent(branch, sequence):
        slot = read(branch, sequence)
        return slot and slot._replace(header=slot.header._replace(linear=sequence))

    silent.read_slot = read_silent
    a, b = history.commits[-1], history.commits[len(history.commits) // 2]
    old = [Snapshot(silent, read_silent(*s.commit_id[:2])) for s in (a, b)]
    wanted = [base.commit_id for base in merge_bases(history.objects, a, b)]
    assert [base.commit_id for base in merge_bases(silent, *old)] == wanted


def expire(history: History, wanted: set[int], asked: set[CommitId]) -> dict[CommitId, CommitId]:
    """Delete commits as a vacuum may: all but these, heads, and what others begin at or merged.
    Each commit that is left -> itself, each that is not -> the one that stands for it, if any.
    """
    keep = set(asked)
    for commit in history.commits:
        branch, sequence, _ = commit.commit_id
        before = [p for p in commit.header.parents if p[:2] != (branch, sequence - 1)]
        keep.update(before)
    branches: dict[int, list[Snapshot]] = {}
    for commit in history.commits:
        branches.setdefault(commit.commit_id.branch, []).append(commit)
    covered: dict[int, list[tuple[int, int]]] = {}
    stands: dict[CommitId, CommitId] = {}
    for branch, commits in branches.items():
        last = None
        for commit in commits:
            one = commit.commit_id
            follows = [p[:2] for p in commit.header.parents] == [(branch, one.sequence - 1)]
            stays = one in keep or one.sequence not in wanted or not (follows or last is None)
            if stays or one.sequence > len(commits) - 2:
                stands[one] = last = one
                continue
            covered.setdefault(branch, []).append((one.sequence, one.sequence))
            if last is not None:
                stands[one] = last
    write_plan(history.objects, plan_of(0, covered))
    history.repository.store.delete(
        [slot_key(b, first) for b, gaps in covered.items() for first, _ in gaps]
    )
    return stands


@given(STEPS, st.sets(st.integers(1, 12)), st.booleans())
def test_where_commits_have_expired_the_nearest_kept_ancestors_stand_for_them(steps, wanted, old):
    history = History(MemoryStore())
    made_by(steps, history)
    true, commits = ancestors(history.commits), history.commits
    heads = commits[-3:]
    stands = expire(history, wanted if old else wanted - {1}, {c.commit_id for c in heads})
    objects = Repository.open(history.repository.store).objects
    above: dict[CommitId, set[CommitId]] = {}
    for commit in commits:
        header = commit.header
        parents = [above[stands[p]] for p in header.parents if p in stands]
        if stands.get(header.commit_id) == header.commit_id:
            above[header.commit_id] = {header.commit_id}.union(*parents)
            assert above[header.commit_id] <= true[header.commit_id]
            if not old:
                assert above[header.commit_id] == true[header.commit_id] & stands.keys() & {
                    one for one, other in stands.items() if one == other
                }
    kept = [commit for commit in commits if commit.commit_id in above]
    for a in heads:
        found = [slot.header.commit_id for slot in walk_all(objects, a.head)]
        assert set(found) == above[a.commit_id]
        assert len(found) == len(set(found))
        for b in heads:
            common = above[a.commit_id] & above[b.commit_id]
            best = {c for c in common if not any(c in above[d] - {d} for d in common)}
            bases = merge_bases(objects, a, b)
            assert sorted(base.commit_id for base in bases) == sorted(best)
        for b in kept:
            assert is_ancestor(objects, b.commit_id, a) == (b.commit_id in above[a.commit_id])


def test_a_criss_cross_has_two_best_common_ancestors():
    history = History(MemoryStore())
    main = history.branches[0]
    dev = history.branch(history.commits[0])
    ours, theirs = history.commit(main), history.commit(dev)
    history.commit(main, theirs)
    history.commit(dev, ours)
    left, right = (history.repository.head(branch) for branch in (main, dev))
    found = merge_bases(history.objects, left, right)
    assert [base.commit_id for base in found] == [theirs.commit_id, ours.commit_id]


def test_the_unrelated_and_the_empty_have_no_common_ancestor():
    history = History(MemoryStore())
    empty = Snapshot(history.objects, None)
    other = history.commit(history.branch(empty))
    first = history.commits[0]
    assert merge_bases(history.objects, first, other) == []
    assert merge_bases(history.objects, empty, other) == []
    assert not is_ancestor(history.objects, first.commit_id, other)
    assert not is_ancestor(history.objects, CommitId(0, 1, 1), first), "another of that slot"
    assert not is_ancestor(history.objects, CommitId(0, 9, 1), first), "a free slot"


# --- what it costs ----------------------------------------------------------------------------


def grown(history: History, branch: Branch, count: int) -> Snapshot:
    head = history.repository.head(branch)
    for _ in range(count):
        head = publish(history.objects, branch, head, NOTHING, stamp())
    return head


@pytest.fixture(scope="module")
def fork() -> tuple[TracingStore, CommitId, list[CommitId]]:
    """A fork with 5,000 commits on both sides, and 40 merges long before it."""
    store = MemoryStore()
    history = History(store)
    main = history.branches[0]
    for _ in range(40):
        side = history.branch(history.repository.head(main))
        history.commit(main, grown(history, side, 3))
    base = grown(history, main, 100)
    dev = history.branch(base)
    heads = [grown(history, branch, 5000).commit_id for branch in (main, dev)]
    return TracingStore(store, remote=True, latency_s=0.01), base.commit_id, heads


def test_a_fork_of_thousands_of_commits_takes_a_handful_of_reads(fork):
    store, base, heads = fork
    objects = Repository.open(store).objects
    ours, theirs = (open_commit(objects, head) for head in heads)
    store.reset()
    assert [found.commit_id for found in merge_bases(objects, ours, theirs)] == [base]
    assert store.count() <= 4, "one of them for a stand-in of the base"
    assert store.depth <= 3
    store.reset()
    assert [f.commit_id for f in merge_bases(objects, theirs, open_commit(objects, base))] == [base]
    assert store.count() <= 5
    store.reset()
    assert is_ancestor(objects, base, ours)
    assert store.count() == 1, "they lie in one chain"
    assert is_ancestor(objects, base, theirs)
    assert not is_ancestor(objects, heads[0], theirs)
    assert store.count() <= 8


def test_each_merge_on_the_way_costs_a_few_reads(fork):
    store, _, (ours, _) = fork
    objects = Repository.open(store).objects
    head, oldest = open_commit(objects, ours), objects.read_slot(0, 1).header.commit_id
    store.reset()
    assert is_ancestor(objects, oldest, head)
    assert store.count() <= 4 * 41
