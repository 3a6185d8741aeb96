"""db.dataloader(...): a chain of choices that ends in batches."""

from __future__ import annotations

import numpy as np
import pytest

import deeplake
from deeplake.errors import ColumnNotFoundError, InputError, QueryError, TableNotFoundError


@pytest.fixture
def db(request):
    db = deeplake.connect(f"mem://dataloader-{request.node.name}")
    t = db.create_table("Odd table", {"n": "int", "emb": "emb-4", "quality": "float"})
    t.extend([{"n": n, "emb": np.full(4, n), "quality": n / 100} for n in range(100)])
    db.commit("rows")
    return db


def test_the_chain_of_the_contract(db):
    loader = (
        db.dataloader("Odd table")
        .filter("quality > 0.85")
        .columns(["emb", "n"])
        .shuffle(3)
        .batch_size(4)
        .to_torch()
    )
    batches = list(loader)
    assert [len(batch["n"]) for batch in batches] == [4, 4, 4, 2]
    assert list(batches[0]) == ["emb", "n"]
    ids = [n for batch in batches for n in batch["n"].tolist()]
    assert sorted(ids) == list(range(86, 100))
    assert ids != sorted(ids)
    assert all(np.array_equal(batch["emb"][:, 0], batch["n"]) for batch in batches)


def test_each_step_leaves_the_one_before_alone(db):
    base = db.dataloader("Odd table").filter("n < 10")
    few = base.filter("n < 3 OR n = 99").batch_size(2)
    assert [b["n"].tolist() for b in few.to_numpy()] == [[0, 1], [2]]
    assert [len(b["n"]) for b in base.to_numpy()] == [10]
    assert [len(b["n"]) for b in base.batch_size(4).drop_last().to_numpy()] == [4, 4]
    assert "n < 3" in repr(few)


def test_it_reads_the_head_of_its_moment(db):
    chain = db.dataloader("Odd table").filter("n >= 100")
    assert list(chain.to_numpy()) == []
    db.table("Odd table").append({"n": 100, "emb": np.zeros(4), "quality": 1.0})
    db.commit("one more")
    assert [b["n"].tolist() for b in chain.to_numpy()] == [[100]]


def test_what_is_wrong_is_told(db):
    chain = db.dataloader("Odd table")
    with pytest.raises(TableNotFoundError):
        db.dataloader("nope").to_numpy()
    with pytest.raises(QueryError, match="does not exist"):
        chain.columns(["m"]).to_numpy()
    with pytest.raises(QueryError):
        chain.filter("n < 3) OR (true").filter("n >").to_numpy()
    with pytest.raises(InputError):
        chain.columns("n")
    with pytest.raises(InputError):
        chain.filter("")
    with pytest.raises(InputError):
        chain.batch_size(0).to_numpy()


def test_a_name_cannot_carry_sql(db):
    with pytest.raises((TableNotFoundError, ColumnNotFoundError)):
        db.dataloader('Odd table" WHERE n = 1 --').to_numpy()
