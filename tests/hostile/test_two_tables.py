"""Several tables in one transaction: one commit, all or nothing."""

from __future__ import annotations

import numpy as np
import pytest

import deeplake
from deeplake.storage.memory import MemoryStore
from deeplake.table.transaction import Transaction


@pytest.mark.parametrize("rows", [1, 70_000], ids=["in the slot", "in packs"])
def test_two_tables_are_committed_together(rows: int) -> None:
    store = MemoryStore()
    db = deeplake.connect(store)
    first = db.create_table("first", {"a": "int", "t": "text"})
    second = db.create_table("second", {"b": "emb-2"})
    db.refresh()
    stand = db._open_stand()
    transaction = Transaction(stand.repository, stand.writable(), stand.snapshot)
    for k in range(3):
        numbers = list(range(k * rows, (k + 1) * rows))
        given = {"a": numbers, "t": [str(n) for n in numbers]}
        transaction.append("first", *first._session.columns.fit(given))
        vectors = {"b": np.full((rows, 2), k, np.float32)}
        transaction.append("second", *second._session.columns.fit(vectors))
    transaction.commit("both", "me")
    one, two = (deeplake.open(store, table=name) for name in ("first", "second"))
    assert one.commit_id == two.commit_id
    assert one.log()[0].added == {"first": 3 * rows, "second": 3 * rows}
    assert one["a"][:].tolist() == list(range(3 * rows))
    assert one["t"][-1] == str(3 * rows - 1)
    assert two["b"][:][:, 0].tolist() == [k for k in range(3) for _ in range(rows)]
