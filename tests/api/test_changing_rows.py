"""Updates and deletes, staged, committed and rebased, beside a list of dicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import errors

SCHEMA = {"n": "int", "t": "text", "v": "emb-4", "blob": "blob", "list": "list<int>"}


def row(k: int) -> dict[str, object]:
    return {
        "n": k,
        "t": f"text {k}",
        "v": np.full(4, k, np.float32),
        "blob": bytes([k % 256]) * (k % 7),
        "list": list(range(k % 3)),
    }


def same(a: object, b: object) -> bool:
    if a is np.ma.masked or (isinstance(a, np.ma.MaskedArray) and np.ma.getmaskarray(a).all()):
        return b is None
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and bool((a == b).all())
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is not None and b is not None and list(a) == list(b)  # type: ignore[call-overload]
    return a == b


def assert_rows(ds: deeplake.Dataset, rows: list[dict[str, object]]) -> None:
    """By cell, by slice and by take, for every column."""
    assert len(ds) == len(rows)
    order = list(range(len(rows)))[::-2]
    for name in SCHEMA:
        expected = [r[name] for r in rows]
        for k in {0, len(rows) // 2, len(rows) - 1} if rows else ():
            assert same(ds[name][k], expected[k]), (name, k)
        got = list(ds[name]) if name != "blob" else ds[name].encoded[:]
        assert all(map(same, got, expected)), name
        taken = ds[name].encoded[order] if name == "blob" else list(ds[name][order])
        assert all(same(a, expected[k]) for a, k in zip(taken, order, strict=True)), name


STEPS = ["append", "extend", "set", "many", "delete", "commit", "rollback"]
VALUES = {
    "n": st.one_of(st.none(), st.integers(-100, 100)),
    "t": st.one_of(st.none(), st.text(max_size=3)),
    "v": st.one_of(st.none(), st.integers(0, 9).map(lambda k: np.full(4, k, np.float32))),
    "blob": st.one_of(st.none(), st.binary(max_size=5)),
    "list": st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=3)),
}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sequence_of_changes_reads_like_the_model(data):
    url = "mem://rows-that-change"
    if deeplake.exists(url):
        deeplake.delete(url)
    ds = deeplake.create(url, schema=SCHEMA)
    rows: list[dict[str, object]] = []
    committed: list[dict[str, object]] = []
    for _ in range(data.draw(st.integers(1, 12))):
        step = data.draw(st.sampled_from(STEPS))
        if step == "append":
            ds.append(row(len(rows)))
            rows = [*rows, row(len(rows))]
        elif step == "extend":
            new = [row(k) for k in range(data.draw(st.integers(1, 9)))]
            ds.extend(new)
            rows = [*rows, *new]
        elif step == "set" and rows:
            name = data.draw(st.sampled_from(list(SCHEMA)))
            k, value = data.draw(st.integers(0, len(rows) - 1)), data.draw(VALUES[name])
            ds[name][k] = value
            rows = [{**r, name: value} if i == k else r for i, r in enumerate(rows)]
        elif step == "many" and rows:
            name = data.draw(st.sampled_from(list(SCHEMA)))
            at = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5))
            values = [data.draw(VALUES[name]) for _ in at]
            ds[name][at] = values
            new_of = dict(zip(at, values, strict=True))
            rows = [{**r, name: new_of.get(i, r[name])} for i, r in enumerate(rows)]
        elif step == "delete" and rows:
            at = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=4, unique=True))
            assert ds.delete(rows=at) == len(at)
            rows = [r for i, r in enumerate(rows) if i not in at]
        elif step == "commit":
            ds.commit("a step")
            committed = rows
        elif step == "rollback":
            ds.rollback()
            rows = committed
        assert_rows(ds, rows)
    ds.commit("all")
    assert_rows(deeplake.open(url), rows)


@pytest.fixture
def pair():
    """Two handles on the same branch of 100 rows and 40 one-row commits."""
    url = "mem://pair"
    if deeplake.exists(url):
        deeplake.delete(url)
    ds = deeplake.create(url, schema=SCHEMA)
    ds.extend([row(k) for k in range(100)])
    ds.commit("rows")
    for k in range(100, 140):
        ds.append(row(k))
        ds.commit("a row")
    return deeplake.open(url), deeplake.open(url)


def test_disjoint_changes_of_two_writers_are_both_kept(pair):
    ours, theirs = pair
    ours["n"][5], theirs["n"][6] = 50, 60
    ours["t"][7], theirs["n"][7] = "seven", 70
    ours.delete(rows=[120])
    theirs.delete(rows=[121])
    theirs.append(row(1000))
    ours.commit("ours")
    theirs.commit("theirs")
    model = [row(k) for k in range(140)]
    model[5]["n"], model[6]["n"], model[7]["n"], model[7]["t"] = 50, 60, 70, "seven"
    model = [r for k, r in enumerate(model) if k not in (120, 121)] + [row(1000)]
    assert_rows(deeplake.open("mem://pair"), model)


@pytest.mark.parametrize("value", [51, 52])
def test_a_cell_that_both_wrote_is_a_conflict_even_if_the_values_are_equal(pair, value):
    ours, theirs = pair
    ours["n"][5], theirs["n"][5] = 51, value
    ours.commit("ours")
    with pytest.raises(
        errors.CommitConflictError,
        match=r"in table 'data', column 'n' of row 5 was changed by both",
    ):
        theirs.commit("theirs")
    assert theirs["n"][5] == value  # still staged
    theirs.rollback()
    theirs.refresh()
    assert theirs["n"][5] == 51


@pytest.mark.parametrize("deletes_first", [True, False])
def test_a_row_deleted_by_one_and_changed_by_the_other_is_a_conflict(pair, deletes_first):
    first, second = pair
    if deletes_first:
        first.delete(rows=[130])
        second["t"][130] = "new"
    else:
        first["t"][130] = "new"
        second.delete(rows=[130])
    first.commit("first")
    with pytest.raises(errors.CommitConflictError, match=r"row 130 was deleted (here|there)"):
        second.commit("second")


def test_changes_move_over_commits_that_restructure_the_tree(pair):
    ours, theirs = pair
    ours["t"][3], ours["n"][135] = "late", -1
    for k in range(200):
        theirs.append(row(k))
        theirs.commit("a row")
    theirs["n"][3] = -3
    theirs.commit("another column of the same row")
    ours.commit("late")
    ds = deeplake.open("mem://pair")
    assert (ds["t"][3], ds["n"][3], ds["n"][135], len(ds)) == ("late", -3, -1, 340)


def test_row_ids_stay_and_find_their_rows(pair):
    ds, _ = pair
    ids = ds.row_ids
    assert len(set(ids.tolist())) == 140
    ds.delete(rows=[0, 50, 139])
    ds["n"][:] = 7
    ds.commit("changed")
    left = np.delete(ids, [0, 50, 139])
    assert (ds.row_ids == left).all()
    assert ds.update({"t": "found"}, row_ids=[ids[0], left[3], left[3], left[100]]) == 2
    assert [k for k, t in enumerate(ds["t"]) if t == "found"] == [3, 100]
    assert ds.delete(row_ids=left[[3]]) == 1
    assert len(ds) == 136


def test_an_update_that_matches_nothing_stages_nothing(pair):
    ds, _ = pair
    before = ds.commit_id
    assert ds.update({"n": 1}, rows=[]) == 0
    assert ds.update({"n": 1}, row_ids=[1 << 60]) == 0
    assert ds.delete(rows=np.zeros(140, bool)) == 0
    assert ds.commit("nothing").id == before


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda ds: ds.update({"n": 1}), errors.InputError),
        (lambda ds: ds.update({"n": 1}, rows=[1], row_ids=[1]), errors.InputError),
        (lambda ds: ds.update([1], rows=[1]), errors.InputError),
        (lambda ds: ds.update({"m": 1}, rows=[1]), errors.ColumnNotFoundError),
        (lambda ds: ds.update({"n": "x"}, rows=[1]), errors.DtypeError),
        (lambda ds: ds.update({"n": 1}, rows=[140]), errors.RowIndexError),
        (lambda ds: ds.delete(rows=[-141]), errors.RowIndexError),
        (lambda ds: ds.delete(row_ids=["x"]), errors.InputError),
        (lambda ds: ds["n"].__setitem__([1, 2], [1]), errors.RaggedColumnsError),
        (lambda ds: ds["v"].__setitem__(1, [1.0]), errors.DimensionError),
        (lambda ds: ds["n"].__setitem__(500, 1), errors.RowIndexError),
        (lambda ds: ds[2:5]["n"].__setitem__(0, 1), errors.ReadOnlyError),
    ],
)
def test_bad_changes_stage_nothing(pair, change, error):
    ds, _ = pair
    with pytest.raises(error):
        change(ds)
    before = ds.commit_id
    assert ds.commit("nothing").id == before


def test_a_view_is_not_assigned_to_and_says_where_instead(pair):
    ds, _ = pair
    with pytest.raises(errors.ReadOnlyError, match=r"a view's cells .* ds\['n'\]\[rows\] = "):
        ds[2:5]["n"][0] = 1


def test_a_label_fix_writes_the_label_and_no_media(tmp_path):
    ds = deeplake.create(str(tmp_path / "r"), schema={"label": "int", "blob": "blob"})
    ds.extend({"label": list(range(500)), "blob": [bytes(20_000)] * 500})
    ds.commit("rows")
    size = sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file())
    ds["label"][list(range(0, 500, 5))] = 0
    ds.commit("labels fixed")
    grown = sum(f.stat().st_size for f in tmp_path.rglob("*") if f.is_file()) - size
    assert grown <= 4096


def test_a_fragment_whose_rows_are_all_staged_for_deletion_is_passed_over(url):
    ds = deeplake.create(url, schema={"n": "int"})
    for rows in ([1, 2, 3], [4], [5, 6]):
        ds.extend({"n": rows})
        ds.commit()
    ds.append({"n": 7})
    ds.delete(rows=[0, 3])
    assert ds["n"][:].tolist() == [2, 3, 5, 6, 7]
    ds.delete(rows=[0, 1])
    assert ds["n"][:].tolist() == [5, 6, 7]
    ds.delete(rows=[2])
    assert ds["n"][:].tolist() == [5, 6]
    ds.commit()
    assert ds["n"][:].tolist() == [5, 6]


def test_a_value_for_each_row_is_told_where_it_goes():
    ds = deeplake.create("mem://each", schema={"n": "int"})
    ds.extend({"n": [1, 2, 3]})
    for values in ([7, 8], np.array([7, 8])):
        with pytest.raises(errors.DtypeError, match=r"for one in each, ds\['n'\]\[rows\] = values"):
            ds.update({"n": values}, rows=[0, 1])
    assert ds["n"][:].tolist() == [1, 2, 3]
