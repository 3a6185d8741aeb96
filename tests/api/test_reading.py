"""Rows, columns and views by everything that may stand in brackets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import ColumnNotFoundError, DtypeError, InputError, RowIndexError

COUNT = 10
JPEGISH = [None if n == 4 else bytes([n]) * (n + 1) for n in range(COUNT)]


@pytest.fixture
def ds(url):
    ds = deeplake.create(url, schema={"n": "int", "t": "text", "b": "blob", "v": "emb-2"})
    ds.extend(
        {
            "n": [None if n == 4 else n for n in range(COUNT)],
            "t": [f"row {n}" for n in range(COUNT)],
            "b": JPEGISH,
            "v": [[n, n + 0.5] for n in range(COUNT)],
        }
    )
    ds.commit("ten rows")
    return deeplake.open(url)


ONE = [0, 9, -1, -10, np.int64(3), np.int8(-2), np.uint64(7), np.array(5)]


@pytest.mark.parametrize("key", ONE, ids=repr)
def test_one_position_is_one_row(ds, key):
    n = int(key) % COUNT
    row = ds[key]
    assert list(row) == ["n", "t", "b", "v"]
    assert (row["n"], row["t"], row["b"]) == (None if n == 4 else n, f"row {n}", JPEGISH[n])
    assert row["v"].tolist() == [n, n + 0.5]
    assert ds["t"][key] == f"row {n}"
    assert ds["b"].encoded[key] == JPEGISH[n]


MANY = {
    "all": slice(None),
    "head": slice(3),
    "tail": slice(-3, None),
    "steps": slice(1, 9, 3),
    "backwards": slice(None, None, -1),
    "backwards in steps": slice(8, 0, -3),
    "nothing": slice(5, 5),
    "beyond": slice(8, 100),
    "list": [3, 1, -1, 3],
    "tuple": (2, 7),
    "empty list": [],
    "range": range(1, 7, 2),
    "array": np.array([9, 0, 4]),
    "small integers": np.array([1, 2], np.uint8),
    "numpy numbers in a list": [np.int64(2), np.int32(0)],
    "mask": np.arange(COUNT) % 3 == 0,
    "list of bools": [n % 2 == 0 for n in range(COUNT)],
    "no row": np.zeros(COUNT, bool),
}


def positions(key) -> list[int]:
    if isinstance(key, slice):
        return list(range(COUNT))[key]
    array = np.asarray(key)
    return np.arange(COUNT)[array if len(array) else slice(0)].tolist()


@pytest.mark.parametrize("key", MANY.values(), ids=MANY)
def test_many_positions_are_many_values_in_the_order_given(ds, key):
    rows = positions(key)
    assert list(ds["t"][key]) == [f"row {n}" for n in rows]
    assert ds["n"][key].tolist() == [None if n == 4 else n for n in rows]
    assert ds["b"][key] == [JPEGISH[n] for n in rows]
    assert ds["b"].encoded[key] == [JPEGISH[n] for n in rows]
    assert ds["v"][key].tolist() == [[n, n + 0.5] for n in rows]


@pytest.mark.parametrize("key", MANY.values(), ids=MANY)
def test_a_view_reads_as_the_dataset_does(ds, key):
    rows = positions(key)
    view = ds[key]
    assert len(view) == len(rows)
    assert [row["t"] for row in view] == [f"row {n}" for n in rows]
    assert len(view["n"]) == len(rows)
    assert view["n"][:].tolist() == [None if n == 4 else n for n in rows]
    if rows:
        assert view[-1]["b"] == JPEGISH[rows[-1]]
        assert view["b"].encoded[0] == JPEGISH[rows[0]]


INNER = {
    "tail": lambda count: slice(1, None),
    "backwards": lambda count: slice(None, None, -1),
    "ends": lambda count: [0, -1],
    "every other": lambda count: np.arange(count) % 2 == 0,
    "nothing": lambda count: [],
}


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("outer", ["all", "steps", "backwards", "list", "mask"])
def test_a_view_of_a_view_counts_from_the_view(ds, outer, inner):
    rows = np.array(positions(MANY[outer]))
    key = INNER[inner](len(rows))
    wanted = [f"row {n}" for n in (rows[key] if len(np.atleast_1d(key)) else [])]
    view = ds[MANY[outer]][key]
    assert [row["t"] for row in view] == wanted
    assert list(view["t"][:]) == wanted
    assert list(ds[MANY[outer]]["t"][key]) == wanted


def test_a_mask_has_one_value_per_row_of_the_view(ds):
    with pytest.raises(RowIndexError, match="10 values does not fit 4 rows"):
        ds[:4][np.ones(10, bool)]


slices = st.builds(
    slice,
    st.none() | st.integers(-12, 12),
    st.none() | st.integers(-12, 12),
    st.none() | st.integers(-4, 4).filter(bool),
)
NUMBERS = deeplake.create("mem://api-test-numbers", schema={"n": "int"})
NUMBERS.extend({"n": list(range(COUNT))})


@given(st.lists(slices, min_size=1, max_size=4))
def test_slices_of_slices_are_those_of_a_list(cuts):
    view, wanted = NUMBERS, list(range(COUNT))
    for cut in cuts:
        assert view["n"][cut].tolist() == wanted[cut]
        view, wanted = view[cut], wanted[cut]
    assert [row["n"] for row in view] == wanted


WRONG = [10, -11, np.int64(10), [0, 10], [-11], np.array([2**64 - 1], np.uint64), 2**70]


@pytest.mark.parametrize("key", WRONG, ids=repr)
def test_a_position_out_of_range_says_how_many_rows_there_are(ds, key):
    for handle in (ds, ds["n"], ds[:], ds[:]["n"]):
        with pytest.raises(RowIndexError) as caught:
            handle[key]
        assert "10 rows" in str(caught.value)
        assert isinstance(caught.value, IndexError)


STRANGE = [1.5, True, None, [1.0], ["a"], [[1]], {1}, np.zeros((2, 2), int), slice("a", None)]


@pytest.mark.parametrize("key", [*STRANGE, slice(None, None, 0), [True]], ids=repr)
def test_what_names_no_rows_is_refused(ds, key):
    for handle in (ds, ds["n"], ds[:]):
        with pytest.raises(RowIndexError):
            handle[key]


def test_an_unknown_column_is_answered_with_the_nearest(ds):
    for handle in (ds, ds[2:4]):
        with pytest.raises(ColumnNotFoundError, match="Did you mean 't'"):
            handle["tt"]


def test_a_column_of_numbers_has_no_stored_bytes(ds):
    with pytest.raises(DtypeError, match="'n'"):
        ds["n"].encoded


def test_null_is_none_alone_and_masked_among_numbers(ds):
    assert ds["n"][4] is None
    assert ds["b"].encoded[4] is None
    assert ds["n"][3:6].tolist() == [3, None, 5]
    assert isinstance(ds["n"][3:6], np.ma.MaskedArray)
    assert not isinstance(ds["n"][:3], np.ma.MaskedArray)


def test_a_row_of_null_may_be_filled_in(url):
    ds = deeplake.create(url, schema={"v": "emb-2"})
    ds.extend({"v": [[1, 2], None]})
    found = ds["v"][:]
    found[1] = 5
    assert found.tolist() == [[1, 2], [5, 5]]
    assert ds["v"][1] is None


def test_what_was_read_may_be_changed_in_place(ds):
    for read in (lambda: ds["v"][2], lambda: ds["v"][:], lambda: ds["v"][[2, 3]]):
        first = read()
        kept = first.copy()
        first += 100
        assert (read() == kept).all()


def test_iterating_a_column_gives_its_values(ds):
    assert list(ds["n"]) == [None if n == 4 else n for n in range(COUNT)]
    assert list(ds[::-2]["t"]) == [f"row {n}" for n in range(9, 0, -2)]


def test_images_decode_when_read_and_keep_their_bytes(url):
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 255, (4 + n, 5, 3), np.uint8) for n in range(20)]
    files = []
    for array in pixels:
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, "PNG")
        files.append(buffer.getvalue())
    ds = deeplake.create(url, schema={"image": "image"})
    ds.extend({"image": [*files, None]})
    ds.commit("pictures")
    assert [(a == b).all() for a, b in zip(ds["image"][:20], pixels, strict=True)] == [True] * 20
    assert ds["image"][20] is None
    assert ds["image"].encoded[:] == [*files, None]
    assert ds[3:6]["image"].encoded[1] == files[4]


def test_a_column_becomes_an_array_at_once() -> None:
    ds = deeplake.create("mem://array-of-a-column", schema={"n": "int"}, exist_ok=True)
    ds.extend({"n": [1, 2, 3]})
    assert np.asarray(ds["n"]).tolist() == [1, 2, 3]
    assert np.asarray(ds["n"], np.float32).dtype == np.float32
    ds.rollback()


def test_a_column_is_not_compared_as_a_whole() -> None:
    ds = deeplake.create("mem://compared-column", schema={"n": "int"}, exist_ok=True)
    with pytest.raises(InputError, match=r"ds\['n'\]\[:\] == "):
        _ = ds["n"] == 1
    assert ds["n"] == ds["n"]
