"""What a commit leaves in memory equals what anybody else reads back."""

from __future__ import annotations

import deeplake
from deeplake.storage.memory import MemoryStore


def test_the_snapshot_after_a_commit_equals_the_one_read_back() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "text": "text"})
    for n in range(70):  # past two levels of the tree
        ds.extend({"n": [n] * (n % 3 + 1), "text": ["x" * n] * (n % 3 + 1)})
        ds.commit(f"commit {n}")
        mine, theirs = ds._session.snapshot, deeplake.open(store)._session.snapshot
        assert mine.head == theirs.head
        assert mine.table("data") == theirs.table("data")


def test_tables_are_committed_together_in_one_slot() -> None:
    from deeplake.table.columns import declare_schema
    from deeplake.table.transaction import Transaction

    store = MemoryStore()
    deeplake.create(store, table="a", schema={"n": "int"})
    session = deeplake.open(store, table="a")._session
    transaction = Transaction(session.repository, session.writable(), session.snapshot)
    transaction.create_table("b", declare_schema({"m": "int"}))
    for name, values in (("a", [1, 2]), ("b", [3])):
        column = "n" if name == "a" else "m"
        transaction.append(name, *transaction.columns(name).fit({column: values}))
    before = len(list(store.list("refs/heads/")))
    transaction.commit("both", "me")
    assert len(list(store.list("refs/heads/"))) == before + 1
    a, b = deeplake.open(store, table="a"), deeplake.open(store, table="b")
    assert (a["n"][:].tolist(), b["m"][:].tolist()) == ([1, 2], [3])
    assert a.log()[0].added == {"a": 2, "b": 1}
