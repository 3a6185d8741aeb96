"""Reads that once gave other rows than asked for, or an error that was not ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deeplake
from deeplake.errors import DeeplakeError, InputError, RowIndexError
from deeplake.storage.memory import MemoryStore


def numbers(count: int) -> deeplake.Dataset:
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "s": "text"})
    ds.extend({"a": list(range(count)), "s": [str(n) for n in range(count)]})
    ds.commit("numbers")
    return ds


def test_values_of_lists_keep_their_ends_when_empty_lists_are_read_beside_them() -> None:
    ds = deeplake.create(MemoryStore(), schema={"x": "struct<a:text,b:list<blob>>"})
    rows = [{"a": "x", "b": [b"ab", b"c"]}, {"a": "y", "b": []}]
    for row in rows:
        ds.append({"x": row})
        ds.commit()
    assert ds["x"][:] == rows
    assert ds["x"][[1, 0]] == rows[::-1]


def test_a_view_keeps_its_rows_after_rollback_checkout_and_commit() -> None:
    ds = numbers(3)
    ds.branch("dev", switch=False)
    ds.extend({"a": [3, 4], "s": ["3", "4"]})
    staged = ds[1:5]
    ds.rollback()
    assert staged["a"][:].tolist() == [1, 2, 3, 4]
    assert [row["s"] for row in staged] == ["1", "2", "3", "4"]
    view, rows = ds[[2, 0]], iter(ds)
    ds.append({"a": 9, "s": "9"})
    ds.commit()
    ds.checkout("dev")
    ds.append({"a": 77, "s": "77"})
    ds.commit()
    assert view["a"][:].tolist() == [2, 0]
    assert [row["a"] for row in rows] == [0, 1, 2]
    assert ds[-1:]["a"][0] == 77


def test_a_loop_over_a_dataset_that_it_appends_to_ends() -> None:
    ds = numbers(3)
    for row in ds:
        ds.append(row)
    assert ds["a"][:].tolist() == [0, 1, 2, 0, 1, 2]


def test_tensors_and_numpy_scalars_are_positions_like_any_other() -> None:
    torch = pytest.importorskip("torch")
    ds = numbers(3)
    assert ds["a"][torch.tensor([2, 0])].tolist() == [2, 0]
    assert ds["a"][torch.tensor([1])].tolist() == [1]
    assert ds["a"][torch.tensor([True, False, True])].tolist() == [0, 2]
    assert ds["a"][torch.tensor(1)] == ds["a"][np.array(1)] == ds["a"][np.int8(1)] == 1
    assert ds[np.str_("s")][0] == "0"


@pytest.mark.parametrize(
    "key",
    [np.array(1.5), 1.0, None, ..., ["a"], [[1]], [None], iter([1]), {1}, 10**30, [10**30], b"a",
     range(10**12), slice(None, None, 0), slice(1.5), -4, [True], np.datetime64("now")],
    ids=lambda key: repr(key).split(" at 0x")[0].split("T")[0],
)  # fmt: skip
def test_what_names_no_row_is_refused_in_our_words(key: Any) -> None:
    ds = numbers(3)
    for read in (ds, ds["a"], ds["s"], ds["s"].encoded, ds[0:3]):
        with pytest.raises(RowIndexError):
            read[key]


def test_a_list_of_columns_and_a_compared_column_are_told_the_way() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "b": "int"})
    ds.extend({"a": [1, 2], "b": [3, 4]})
    for rows in (ds, ds[0:1]):
        with pytest.raises(RowIndexError, match=r"one by one, ds\['a'\].*columns= to batches"):
            rows[["a", "b"]]
    with pytest.raises(InputError, match=r"ds\['a'\]\[:\] =="):
        ds[ds["a"] == 2]


def test_rows_are_read_back_however_they_are_asked_for() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int", "s": "text", "l": "list<int>"})
    count = 0
    for size in (1, 300, 2, 0, 5):
        numbers = range(count, count + size)
        ds.extend({"a": [*numbers], "s": [f"{n}" for n in numbers], "l": [[n] * (n % 3) for n in numbers]})  # fmt: skip  # noqa: E501
        count += size
        if size != 5:
            ds.commit()  # the last five stay staged
    draw = np.random.default_rng(0)
    keys: list[Any] = [slice(None), slice(None, None, -1), slice(-1, 2, -7), slice(5, 5)]
    keys += [draw.integers(-count, count, size) for size in (0, 1, 7, 1000)]
    keys += [draw.random(count) < 0.5, np.zeros(count, bool), [3, 3, -1, 0, 3]]
    for key in keys:
        wanted = np.arange(count)[key].tolist()
        assert ds["a"][key].tolist() == wanted
        assert list(ds["s"][key]) == [str(n) for n in wanted]
        assert [list(x) for x in ds["l"][key]] == [[n] * (n % 3) for n in wanted]
        assert [row["a"] for row in ds[key]] == wanted
        assert ds["s"].encoded[key] == [str(n).encode() for n in wanted]


def test_nothing_a_caller_does_to_its_own_arrays_or_to_results_reaches_the_store() -> None:
    schema = {"b": "blob", "e": "emb-3", "f": "float32[*,*]", "l": "list<emb-2>", "i": "int"}
    ds = deeplake.create(MemoryStore(), schema=schema)
    given: dict[str, Any] = {
        "b": [bytearray(b"abc")],
        "e": np.ones((1, 3), np.float32),
        "f": np.ones((1, 2, 2), np.float32),
        "l": [np.ones((2, 2), np.float32)],
        "i": np.ones(1, np.int64),
    }
    ds.extend(given)
    given["b"][0][:] = b"xyz"
    for name in ("e", "f", "i"):
        given[name][:] = 9
    given["l"][0][:] = 9
    for _ in range(2):  # staged, then committed
        for _ in range(2):
            row, whole = ds[0], {name: ds[name][:] for name in schema}
            assert row["b"] == b"abc"
            for value in (row["e"], row["f"], *row["l"], whole["e"], *whole["f"], whole["i"]):
                assert np.all(value == 1)
                if isinstance(value, np.ndarray) and value.flags.writeable:
                    value[...] = 9
            for value in whole["l"][0]:
                if value.flags.writeable:
                    value[...] = 9
        ds.commit()


def test_an_unknown_name_is_one_of_our_errors_in_every_verb() -> None:
    ds = numbers(1)
    for call in (lambda: ds["zz"], lambda: ds.checkout("zz"), lambda: ds.tag("a", at="zz~1")):
        with pytest.raises(DeeplakeError):
            call()
