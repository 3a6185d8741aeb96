"""ds.update(…, where=…) and ds.delete(where=…): the same path as UPDATE and DELETE."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

import deeplake
from deeplake.errors import CheckViolationError, DeeplakeError, InputError, NullValueError

_names = count()


@pytest.fixture
def ds():
    schema = {"id": "int primary_key", "rating": "int not_null", "tag": "text", "emb": "emb-2"}
    ds = deeplake.create(f"mem://test-where-{next(_names)}", schema=schema)
    ds.extend([
        {"id": k, "rating": k % 5, "tag": f"t{k}", "emb": np.full(2, k)} for k in range(10)
    ])  # fmt: skip
    ds.commit("rows")
    return ds


def test_rows_are_named_by_a_condition(ds):
    assert ds.update({"tag": "low"}, where="rating < 2") == 4
    assert ds["tag"][:].count("low") == 4
    assert ds.update({"tag": "none"}, where="rating > 99") == 0
    assert (
        ds.delete(where="rating = %s AND tag != :x".replace(":x", "%s"), parameters=[4, "t4"]) == 1
    )
    assert ds.delete(where="id IN (SELECT max(id) FROM this)") == 1
    assert ds["id"][:].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    ds.rollback()
    assert len(ds) == 10


def test_values_are_worked_out_of_the_row(ds):
    values = {"rating": deeplake.expr("rating * 10 + id"), "tag": "changed", "emb": np.ones(2)}
    assert ds.update(values, where="id >= 8") == 2
    assert ds["rating"][[7, 8, 9]].tolist() == [2, 38, 49]
    assert ds["emb"][9].tolist() == [1, 1]
    assert ds.update({"rating": deeplake.expr("rating + 1")}, rows=[0, 9]) == 2
    assert ds["rating"][[0, 9]].tolist() == [1, 50]
    assert ds.update({"emb": deeplake.expr("emb")}, where="true") == 10
    assert "'rating + 1'" in repr(deeplake.expr("rating + 1"))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("rating", "must be of type boolean"),
        ("nope > 1", "nope"),
        ("rating > 1; DROP TABLE x", "2 statements"),
        ("rating > 1 ORDER BY id", "no condition"),
        ("rating > 1 UNION SELECT 1", "no condition"),
        ("", "syntax error"),
        ("rating >", "syntax error"),
    ],
)
def test_what_is_no_condition_is_refused(ds, where, words):
    for change in (lambda: ds.delete(where=where), lambda: ds.update({"rating": 1}, where=where)):
        with pytest.raises(DeeplakeError, match=words):
            change()
    assert len(ds) == 10


def test_rows_are_named_in_one_way(ds):
    with pytest.raises(InputError, match="by a condition"):
        ds.delete(where="true", rows=[1])
    with pytest.raises(InputError, match="by a condition"):
        ds.delete()
    with pytest.raises(InputError, match="condition such as"):
        ds.delete(where=5)
    with pytest.raises(DeeplakeError, match="no expression"):
        ds.update({"rating": deeplake.expr("1, 2")}, where="true")
    with pytest.raises(DeeplakeError, match="no expression"):
        ds.update({"rating": deeplake.expr("1 FROM this")}, where="true")
    with pytest.raises(NullValueError):
        ds.update({"rating": deeplake.expr("NULL")}, where="id = 1")
    with pytest.raises(DeeplakeError, match="of type bigint"):
        ds.update({"rating": deeplake.expr("tag")}, where="true")


def test_declared_checks_hold_here_too(ds):
    db = deeplake.connect(ds.url)
    db.execute("ALTER TABLE data ADD CHECK (rating < 5)")
    ds.refresh()
    with pytest.raises(CheckViolationError):
        ds.update({"rating": deeplake.expr("rating + 1")}, where="true")
    assert ds["rating"][:].max() == 4
