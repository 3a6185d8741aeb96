"""Rules of the Git of rows: merges, reverts and cherry-picks, and what decides their conflicts.

Which of two rows keeps a key that both sides gave is not modelled: there the outcome is taken from
the repository, if each row and cell of it is one of the sides' and no key is there twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

import deeplake
from deeplake.errors import (
    InputError,
    MergeConflictError,
    RefNotFoundError,
    StagedChangesError,
    StateError,
)
from deeplake.testing.git_branches import Change, Waiting
from deeplake.testing.git_changes import HANDLES, NAMES, GitChanges
from deeplake.testing.git_machine import Handle, appended_since, plain
from deeplake.testing.git_model import (
    KEPT,
    KEYS,
    Merging,
    ModelCommit,
    Row,
    history,
    merge_bases,
    number_of,
    put_cell,
    same,
    types_of,
    virtual_base,
)
from deeplake.versioning.pending import find_pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deeplake.api.dataset import Dataset
    from deeplake.testing.git_branches import Branch
    from deeplake.testing.git_model import Decisions, Place, Table, Tables

    Which = Literal["ours", "theirs"]

ROUNDS_MAX = 6
"""How often keys are decided on until the merge is given up."""


class Outcome(NamedTuple):
    """What the model says of a change on a branch's head."""

    base: ModelCommit
    tables: Tables
    merging: Merging
    loose: set[str]
    """Tables of which it cannot tell: both sides gave a key."""

    def places(self) -> list[str]:
        """Conflicts of the other tables."""
        return told(self.merging.conflicts, self.loose)


class GitMerges(GitChanges):
    """What people bring together."""

    def policy(self, data: Any) -> tuple[Any, Any]:
        """A policy for the model, the same for the repository."""
        kind = data.draw(
            st.sampled_from(["raise", "raise", "ours", "theirs", "function"]), label="policy"
        )
        if kind != "function":
            return kind, kind
        seed = data.draw(st.integers(0, 5), label="seed")

        def model(place: Place) -> Any:
            which = (number_of(place) + seed) % 3
            if which == 2 and place[0] == "cell" and place[3] in ("n", "t"):
                return ("new", 7_000 + seed if place[3] == "n" else f"new {seed}")
            return "theirs" if which == 1 else "ours"

        def real(conflict: Any) -> Any:
            answer = model(conflict.place)
            return answer[1] if isinstance(answer, tuple) else getattr(conflict, answer)

        return model, real

    # --- merge3 ----------------------------------------------------------------------------------

    def outcome(self, head: ModelCommit, change: Change, policy: Any) -> Outcome:
        base = change.base or virtual_base(merge_bases(head, change.theirs), self.stamps)
        theirs = change.theirs.tables
        since = appended_since(self.inner, base, head)
        undoes = change.doing == "revert"
        merging = Merging(f"c{next(self.stamps)}", policy, since, undoes=undoes)
        tables = merging.run(base.tables, head.tables, theirs)
        asked = {place[1] for place in merging.conflicts}
        waits = policy == "raise" or isinstance(policy, dict)
        loose = {
            name for name, table in tables.items()
            if base.kind == "virtual clash" or table.repeats_keys() or table.lacks_values()
            or (waits and name in asked and share_keys(head.tables[name], theirs[name]))
        }  # fmt: skip
        return Outcome(base, tables, merging, loose)

    def merge3(self, handle: Handle, data: Any, work: Callable[[Any], Any], change: Change) -> None:
        branch = handle.branch
        assert branch is not None
        model, real = self.policy(data)
        waiting, used = branch.waiting, model
        if model == "raise" and waiting is not None and waiting.change == change:
            used = dict(waiting.decisions)
        found = self.outcome(branch.head, change, used)
        if found.places() and (model == "raise"):
            with pytest.raises(MergeConflictError) as caught:
                work(real)
            self.collected(branch, change, found, caught.value.conflicts)
            return
        left = None
        try:
            self.landing(handle, data, lambda: work(real), change, found)
        except MergeConflictError as error:
            left = error.conflicts
        if left is None:
            if model != "raise" or (isinstance(used, dict) and used):
                self.ended(branch, change)
            elif self.faults and found.loose and self.waits(branch, change):
                self.collected(branch, change, found, ())  # it died when it had noted that
            return
        assert found.loose
        if model == "raise":
            self.collected(branch, change, found, left)
            return
        assert told((c.place for c in left), found.loose) == []
        kinds = {c.kind for c in left}
        assert kinds <= ({"key", "not_null"} if callable(model) else {"not_null"})

    def collected(self, branch: Branch, change: Change, found: Outcome, conflicts: Any) -> None:
        """Conflicts were told, and the change waits."""
        assert told((c.place for c in conflicts), found.loose) == found.places()
        if branch.waiting is None or branch.waiting.change != change:
            branch.waiting = Waiting(change, {})

    def ended(self, branch: Branch, change: Change) -> None:
        """A change was done: it waits no more."""
        if branch.waiting is not None and branch.waiting.change == change:
            branch.waiting = None
        if branch.waiting is None and self.faults:
            self.forget(branch)

    def forget(self, branch: Branch) -> None:
        """A process may have died between a commit and the note that it is done."""
        if self.entry(branch) is not None:
            deeplake.connect(self.inner, self.name_of(branch)).abort_merge()

    def waits(self, branch: Branch, change: Change) -> bool:
        """Whether a change waits in the repository."""
        entry = self.entry(branch)
        if entry is None:
            return False
        doing = entry.doing.replace("-", "_")
        base = None if change.base is None else change.base.id
        named = tuple(None if c is None else str(c) for c in (entry.base, entry.theirs))
        return (doing, *named) == (change.doing, base, change.theirs.id)

    def entry(self, branch: Branch) -> Any:
        """The change that waits, as the repository has it."""
        stand = self.fresh()._open_stand()
        found = stand.repository.branch(self.name_of(branch))
        return find_pending(stand.repository.objects, found.branch_id)[1]

    def landing(
        self,
        handle: Handle,
        data: Any,
        work: Callable[[], Any],
        change: Change,
        found: Outcome,
    ) -> None:
        """Publish what a change comes to."""
        branch = handle.branch
        assert branch is not None
        head, theirs, tables = branch.head, change.theirs, found.tables
        parents = (head, theirs) if change.base is None else (head,)
        touched = {n for n in tables if not same(tables[n], head.tables[n])} | found.loose
        types = [
            types_of(n, s) for n in tables for s in (found.base.tables, head.tables, theirs.tables)
        ]
        widened = any(len({k[c] for k in types if c in k}) > 1 for c in set().union(*types))
        changed = {
            f"{n}!" for n in touched
            if tables[n].declared != head.tables[n].declared
        }  # fmt: skip

        def make(*_: Any) -> Tables:
            made = dict(tables)
            for name in found.loose:
                ds = deeplake.connect(self.inner, self.name_of(branch)).table(name)
                known = (tables, head.tables, theirs.tables, found.base.tables)
                made[name] = as_landed(ds, [state[name] for state in known])
            return made

        self.publish(
            handle, work, data, make, parents, "merge", touched=touched | changed,
            empty=None if widened or found.loose or (not touched and change.base) else False,
        )  # fmt: skip

    @rule(data=st.data(), h=HANDLES, name=NAMES | st.sampled_from(["v1", "v2"]))
    def merge(self, data: Any, h: int, name: str) -> None:
        found = self.branches.get(name)
        handle = self.writer(h)
        if handle.staged or found is handle.branch:
            with pytest.raises((StagedChangesError, StateError)):
                handle.db.merge(next(iter(self.branches)) if handle.staged else name)
        handle = self.settled(data, h)
        theirs = found.head if found is not None else self.tags.get(name, self.a_commit(data))
        if found is None or found is handle.branch:
            self.merge_commit(handle, data, theirs.id, theirs)
        else:
            self.merge_commit(handle, data, name, theirs)

    @rule(data=st.data(), h=HANDLES)
    def merge_a_commit(self, data: Any, h: int) -> None:
        handle, commit = self.settled(data, h), self.a_commit(data)
        self.merge_commit(handle, data, commit.id, commit)

    def merge_commit(self, handle: Handle, data: Any, name: str, theirs: ModelCommit) -> None:
        branch = handle.branch
        assert branch is not None
        head, handle.drafts = branch.head, {}
        bases = merge_bases(head, theirs)
        if theirs in bases:
            assert handle.db.merge(name).id == head.id
            handle.move(branch, head)
        elif head in bases:
            self.publish(
                handle, lambda: handle.db.merge(name), data, lambda *_: dict(theirs.tables),
                (theirs,), "ff", touched=set(),
            )  # fmt: skip
        else:
            change = Change("merge", None, theirs)
            self.merge3(handle, data, lambda p: handle.db.merge(name, on_conflict=p), change)

    @rule(data=st.data(), h=HANDLES, which=st.sampled_from([None, 1, 2]),
          verb=st.sampled_from(["revert", "cherry_pick"]))  # fmt: skip
    def revert_or_pick(self, data: Any, h: int, which: int | None, verb: str) -> None:
        handle, commit = self.settled(data, h), self.a_commit(data)
        if commit == self.root:
            return
        do = getattr(handle.db, verb)
        parents = commit.parents
        if (which is None and len(parents) > 1) or (which or 1) > len(parents):
            with pytest.raises(InputError):
                do(commit.id, parent=which)
            return
        parent = parents[(which or 1) - 1]
        if parent.id in self.gone:
            assert commit.kind not in KEPT
            with pytest.raises(RefNotFoundError, match="has expired"):
                do(commit.id, parent=which)
            return
        if commit.kind in ("ff", "reset"):
            with pytest.raises(InputError, match="changed nothing by itself"):
                do(commit.id, parent=which)
            return
        base, theirs = (commit, parent) if verb == "revert" else (parent, commit)
        change = Change(verb, base, theirs)
        self.merge3(handle, data, lambda p: do(commit.id, parent=which, on_conflict=p), change)

    # --- conflicts that wait ---------------------------------------------------------------------

    @rule(
        data=st.data(), h=HANDLES,
        how=st.sampled_from(["all", "all", "one", "one", "one", "value", "abort", "look"]),
        keep=st.sampled_from(["ours", "theirs"]),
    )  # fmt: skip
    def decide(self, data: Any, h: int, how: str, keep: Which) -> None:
        handle = self.settled(data, h)
        branch = handle.branch
        assert branch is not None
        waiting = branch.waiting
        if waiting is None:
            assert handle.db.conflicts() == []
            with pytest.raises(StateError):
                handle.db.resolve("ours")
            return
        if how == "abort":
            told_, _ = self.done(handle.db.abort_merge, data)
            if not told_:
                self.reopened(handle)
            if told_ or self.entry(branch) is None:
                branch.waiting = None
            return
        change, known = waiting
        conflicts = handle.db.conflicts()
        merged = change.base is None and change.theirs in history(branch.head)
        found = None if merged else self.outcome(branch.head, change, dict(known))
        assert told((c.place for c in conflicts), found.loose if found else ()) == (
            found.places() if found else []
        )
        if not conflicts:
            with pytest.raises(InputError):
                handle.db.resolve(keep)
        elif found is not None and found.loose:
            self.decide_on_keys(handle, data, keep, waiting, found)
        elif found is not None and how != "look":
            self.decide_on(handle, data, how, keep, waiting, found)

    def decide_on_keys(
        self, handle: Handle, data: Any, keep: Which, waiting: Waiting, found: Outcome
    ) -> None:
        """Until none is left or, as nothing settles a NULL, the change is given up."""
        branch = handle.branch
        assert branch is not None

        def work() -> Any:
            left = None
            for _ in range(ROUNDS_MAX):
                left = handle.db.resolve(keep)
                if not left:
                    return self.newest(branch)
            handle.db.abort_merge()
            handle.db.refresh()
            return self.newest(branch)

        policy = {**waiting.decisions, **dict.fromkeys(found.merging.tokens.items(), keep)}
        wanted = self.outcome(branch.head, waiting.change, policy)
        wanted.loose.update(found.loose)
        self.landing(handle, data, work, waiting.change, wanted)
        branch.waiting = None
        self.forget(branch)

    def decide_on(
        self, handle: Handle, data: Any, how: str, keep: Which, waiting: Waiting, found: Outcome
    ) -> None:
        """Decide on some or all; what is left, or the commit, is as the model says."""
        branch = handle.branch
        assert branch is not None
        places = found.merging.conflicts
        named: dict[str, Any] = {}
        answer: Any = keep
        options: dict[str, Any] = {"keep": keep}
        if how == "value":
            places = [p for p in places if p[0] == "cell" and p[3] in ("n", "t")]
        if not places:
            return
        if how != "all":
            _, table, row, column = data.draw(st.sampled_from(places), label="place")
            named = {"table": table, "row_id": row, "column": column}
            places = [
                p for p in found.merging.conflicts
                if p[1] == table and row in (None, p[2]) and column in (None, p[3])
            ]  # fmt: skip
        if how == "value":
            value = 7_100 if named["column"] == "n" else "chosen"
            answer, options = ("new", value), {"value": value}
        decided: Decisions = {(p, found.merging.tokens[p]): answer for p in places}
        policy = {**waiting.decisions, **decided}
        left = [p for p in found.merging.conflicts if p not in places]

        def work() -> list[str]:
            return told(c.place for c in handle.db.resolve(**options, **named))

        wanted = None if left else self.outcome(branch.head, waiting.change, policy)
        if left or (wanted is not None and wanted.places()):
            told_, result = self.done(work, data)
            if told_:
                assert result == (told(left) if wanted is None else wanted.places())
            else:
                self.reopened(handle)
            if told_ or len(self.entry(branch).decisions) == len(policy):
                branch.waiting = Waiting(waiting.change, policy)
        elif wanted is not None and not wanted.loose:
            self.last_decision(handle, data, work, Waiting(waiting.change, policy), wanted)
        else:
            self.decide_on_keys(handle, data, keep, waiting, found._replace(loose=wanted.loose))  # type: ignore[union-attr]

    def last_decision(
        self,
        handle: Handle,
        data: Any,
        work: Callable[[], list[str]],
        waiting: Waiting,
        wanted: Outcome,
    ) -> None:
        branch = handle.branch
        assert branch is not None
        ended = []

        def publish() -> Any:
            assert work() == []
            ended.append(True)
            return self.newest(branch)

        self.landing(handle, data, publish, waiting.change, wanted)
        entry = self.entry(branch)
        if ended:
            assert entry is None
        if entry is None:
            branch.waiting = None
        elif len(entry.decisions) == len(waiting.decisions):
            branch.waiting = waiting


def told(places: Iterable[Place], but: Iterable[str] = ()) -> list[str]:
    """Conflicts in order, those of some tables left out."""
    return sorted(repr(place) for place in places if place[1] not in but)


def share_keys(ours: Table, theirs: Table) -> bool:
    """Whether two rows, one of each side, have one key: then decisions may make it clash."""
    for c, spec in ours.columns.items():
        if spec.mark in KEYS:
            known = {row.cell(c, spec).value: r for r, row in ours.rows.items()}
            for r, row in theirs.rows.items():
                value = row.cell(c, spec).value
                if value is not None and known.get(value, r) != r:
                    return True
    return False


def as_landed(ds: Dataset, known: list[Table]) -> Table:
    """A table as the repository has it, whose rows and cells must be those of one of the sides.

    Args:
        known: what the rows would be without keys, then the sides.
    """
    rows = {}
    columns = known[0].columns
    for row_id, shown in zip(ds.row_ids.tolist(), ds, strict=True):
        values = plain(shown)
        states = [table.rows[row_id] for table in known if row_id in table.rows]
        assert states, f"row {row_id} is nobody's"
        rows[row_id] = Row(states[0].born, {})
        for c, spec in columns.items():
            value = values[spec.name]
            state = next((s for s in states if s.cell(c, spec).value == value), None)
            assert state is not None, f"{spec.name} of row {row_id}: {value!r} is nobody's"
            put_cell(rows[row_id].cells, c, state)
    landed = known[0]._replace(rows=rows)
    assert not landed.repeats_keys()
    assert not landed.lacks_values()
    return landed
