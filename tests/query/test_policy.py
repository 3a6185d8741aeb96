"""Rows that a principal must not see: none reaches an answer, whichever way it is found.

Each way to rows is opened for a moment, the others kept; what is checked must then go wrong.
"""

from __future__ import annotations

import inspect
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.api.database import Database
from deeplake.errors import RowIndexError
from deeplake.query import similarity
from deeplake.query.expression import Parameter
from deeplake.query.kinds import Kind
from deeplake.query.rows import Rows
from deeplake.query.shapes import Similar
from deeplake.query.statement import run
from deeplake.query.table_view import TableView
from deeplake.query.tests import Compare
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import comparable, planned, slow

VISIBLE = np.array([1, 4, 5, 6, 40, 41, 99, 120, 121, 122, 180])
HIDDEN = np.array([0, 50])


@pytest.fixture(scope="module")
def db():
    rng = np.random.default_rng(0)
    db = Database(MemoryStore(), "main", optimizes=False)
    table = db.create_table(
        "t", {"id": "int primary_key", "n": "int", "s": "text", "img": "blob", "v": "emb-4"}
    )
    for low in range(0, 200, 20):
        table.extend([
            {
                "id": k, "n": None if k % 5 == 0 else k % 9, "s": f"s{k}",
                "img": None if k % 7 == 0 else bytes([k]) * 3, "v": rng.standard_normal(4),
            }
            for k in range(low, low + 20)
        ])  # fmt: skip
        db.commit(str(low))
    db.create_table("visible", table_schema := {"id": "int", "n": "int", "s": "text",
                    "img": "blob", "v": "emb-4"})  # fmt: skip
    del table_schema
    rows = [db.table("t")[int(k)] for k in VISIBLE]
    db.table("visible").extend([{**row, "img": _bytes(row["img"])} for row in rows])
    db.commit("what can be seen")
    return db


def _bytes(value):
    return None if value is None else bytes(value)


STATEMENTS = [
    "SELECT count(*), count(n), count(img), min(id), max(id), min(n), sum(n) FROM {}",
    "SELECT id, n, s, img FROM {}",
    "SELECT id, img FROM {} WHERE n > 3",
    "SELECT id FROM {} WHERE id IN (1, 50, 120)",
    "SELECT s FROM {} WHERE s LIKE 's1%' ORDER BY id DESC LIMIT 3",
    "SELECT id FROM {} ORDER BY n NULLS FIRST, id LIMIT 4",
    "SELECT n, img, count(*) FROM {} GROUP BY n, img",
    "SELECT a.id, b.img FROM {} a LEFT JOIN {} b ON a.id = b.id + 1",
    "SELECT id FROM {} LIMIT 100",
    "SELECT id FROM {} WHERE img IS NULL",
]


CHECKS = count()


def restricted(view, type_=TableView):
    return type_(view.objects, view.name, view._tree, view.columns, VISIBLE)


def check(db, type_=TableView):
    """Whether everything that is asked of a restricted table concerns what can be seen."""
    for text in STATEMENTS:
        plan, tables, values = planned(db, text.replace("{}", "t"))
        mine = [restricted(view, type_) for view in tables]
        wanted, others, _ = planned(db, text.replace("{}", "visible"))
        expected = sorted(comparable(list(run(slow(wanted), others, values).rows())))
        for each in (plan, slow(plan)):
            assert sorted(comparable(list(run(each, mine, values).rows()))) == expected
    view = restricted(planned(db, "SELECT * FROM t")[1][0], type_)
    _direct(view)


def _direct(view):
    """The ways to rows asked one by one."""
    assert view.rows == len(VISIBLE)
    assert view.restricted
    assert view.positions().tolist() == view.all_rows().positions().tolist() == VISIBLE.tolist()
    assert set(view.pruned(Compare("id", ">", 30)).rows.positions()) <= set(VISIBLE)
    assert set(view.pruned(Compare("s", "=", b"s50")).rows.positions()) <= set(VISIBLE)
    assert len(view.read("id").values) == len(view.values("s")) == len(VISIBLE)
    assert len(view.handles("img", 3)) == len(view.valid("img")) == len(VISIBLE)
    assert view.extremes("id") is None
    assert view.made("anything", "id") is None
    whole = TableView(view.objects, view.name, view._tree, view.columns)
    mark = f"of check {next(CHECKS)}"  # views that leave the seam out keep it among the others
    view.keep(mark, "id", 1, 1)
    assert whole.made(mark, "id") is None
    whole.keep(mark, "id", 1, 1)
    assert view.made(mark, "id") is None
    for asked in (HIDDEN, Rows(single=HIDDEN), Rows(((0, 3),))):
        for way in (
            lambda rows: view.read("id", rows), lambda rows: view.values("id", rows),
            lambda rows: view.valid("id", rows), lambda rows: view.handles("img", 0, rows),
            lambda rows: view.planned_bytes("id", rows),
            lambda rows: list(view.blocks("v", rows)),
            lambda rows: view.fetch("img", rows.positions() if isinstance(rows, Rows) else rows),
            lambda rows: view.sizes("img", rows.positions() if isinstance(rows, Rows) else rows),
        ):  # fmt: skip
            with pytest.raises(RowIndexError, match="is not there"):
                way(asked)
    wanted = Similar("cosine", "v", Parameter(1, Kind("vector")), False, False, None)
    nearest = similarity.nearest(view, wanted, view.all_rows(), 3, [np.ones(4)])
    assert set(nearest.positions()) <= set(VISIBLE)
    assert len(nearest.positions()) == 3


def test_answers_are_those_of_a_table_of_the_rows_that_can_be_seen(db):
    check(db)


ABOUT_COLUMNS = {"kind", "is_key", "kept", "objects", "is_kept_or_small"}
"""What tells nothing of rows."""
WAYS = sorted(
    name
    for name, _ in inspect.getmembers(TableView)
    if name[0] != "_" and name not in ABOUT_COLUMNS
)


@pytest.mark.parametrize("way", WAYS)
def test_a_way_without_the_policy_is_noticed(db, way):
    def opened(self):
        return TableView(self.objects, self.name, self._tree, self.columns)

    member = inspect.getattr_static(TableView, way)
    if isinstance(member, property):
        leak = property(lambda self: getattr(opened(self), way))
    else:

        def leak(self, *arguments, **options):
            return getattr(opened(self), way)(*arguments, **options)

    leaky = type("Leaky", (TableView,), {way: leak})
    with pytest.raises((AssertionError, pytest.fail.Exception, RowIndexError)):
        check(db, leaky)


@given(
    st.sampled_from(["=", "<", ">=", "<>"]), st.integers(-1, 10), st.integers(0, 200),
    st.sampled_from(["", "ORDER BY n DESC, id LIMIT 3", "ORDER BY id LIMIT 2 OFFSET 1"]),
)  # fmt: skip
def test_conditions_find_only_what_can_be_seen(db, operator, n, low, tail):
    for columns in ("id, s, img", "count(*), max(id)"):
        if tail and columns.startswith("count"):
            continue
        text = f"SELECT {columns} FROM {{}} WHERE n {operator} {n} OR id > {low} {tail}"
        plan, tables, values = planned(db, text.replace("{}", "t"))
        found = list(run(plan, [restricted(view) for view in tables], values).rows())
        plan, tables, values = planned(db, text.replace("{}", "visible"))
        expected = list(run(slow(plan), tables, values).rows())
        assert sorted(comparable(found)) == sorted(comparable(expected))
