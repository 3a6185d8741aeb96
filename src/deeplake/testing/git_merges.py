"""Rules of the Git of rows: merges, reverts and cherry-picks, and what decides their conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from deeplake.errors import InputError, MergeConflictError, StagedChangesError, StateError
from deeplake.testing.git_changes import HANDLES, NAMES, GitChanges
from deeplake.testing.git_machine import Handle, appended_since
from deeplake.testing.git_model import (
    Merging,
    ModelCommit,
    merge_bases,
    number_of,
    same,
    types_of,
    virtual_base,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.testing.git_model import Place, Tables


class GitMerges(GitChanges):
    """What people bring together."""

    def policy(self, data: Any) -> tuple[Any, Any]:
        """A policy for the model, the same for the repository."""
        kind = data.draw(st.sampled_from(["raise", "ours", "theirs", "function"]), label="policy")
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

    def merge3(
        self,
        handle: Handle,
        data: Any,
        work: Callable[[Any], Any],
        base: ModelCommit,
        theirs: Tables,
        parents: tuple[ModelCommit, ...],
    ) -> None:
        branch = handle.branch
        assert branch is not None
        head = branch.head
        model, real = self.policy(data)
        stamp = f"c{next(self.stamps)}"
        merging = Merging(stamp, model, appended_since(self.inner, base, head))
        tables = merging.run(base.tables, head.tables, theirs)
        if model == "raise" and merging.conflicts:
            try:
                work(real)
            except MergeConflictError as error:
                found = [conflict.place for conflict in error.conflicts]
                assert sorted(map(repr, found)) == sorted(map(repr, merging.conflicts))
                return
            raise AssertionError(f"no conflict was seen: {merging.conflicts}")
        touched = {name for name in tables if not same(tables[name], head.tables[name])}
        types = [
            types_of(name, side) for name in tables for side in (base.tables, head.tables, theirs)
        ]
        widened = any(len({k[c] for k in types if c in k}) > 1 for c in set().union(*types))
        changed = {
            f"{name}!" for name in touched
            if (tables[name].columns, tables[name].dropped)
            != (head.tables[name].columns, head.tables[name].dropped)
        }  # fmt: skip
        self.publish(
            handle, lambda: work(real), data, lambda *_: dict(tables), parents, "merge",
            touched=touched | changed,
            empty=None if widened or (not touched and len(parents) == 1) else False,
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
            self.merge3(
                handle, data, lambda policy: handle.db.merge(name, on_conflict=policy),
                virtual_base(bases, self.stamps), theirs.tables, (head, theirs),
            )  # fmt: skip

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
        base, theirs = (commit, parent) if verb == "revert" else (parent, commit)
        branch = handle.branch
        assert branch is not None
        self.merge3(
            handle, data, lambda p: do(commit.id, parent=which, on_conflict=p),
            base, theirs.tables, (branch.head,),
        )  # fmt: skip
