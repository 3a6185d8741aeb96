"""What careless callers pass: one of our errors that says the way out, and nothing staged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake.errors import ClosedError, DeeplakeError, SchemaError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path


def pair() -> deeplake.Dataset:
    return deeplake.create(MemoryStore(), schema={"a": "int", "s": "text"})


def arrow(names: list[str]) -> Any:
    import pyarrow as pa

    return pa.table([pa.array([1]) for _ in names], names=names)


def frame(*columns: Any, names: list[str]) -> Any:
    import pandas as pd

    return pd.DataFrame(list(zip(*columns, strict=True)), columns=names)


ROWS: dict[str, Any] = {
    "one array of no axes": lambda: {"a": np.array(5)},
    "a set": lambda: {"a": {1, 2}},
    "a scalar": lambda: {"a": 5},
    "a generator as a column": lambda: {"a": (n for n in [1, 2])},
    "a text as a column": lambda: {"s": "abc"},
    "ragged columns": lambda: {"a": [1], "s": ["x", "y"]},
    "ragged, long": lambda: {"a": [1] * 5000, "s": ["x"] * 4999},
    "ragged, one empty": lambda: {"a": [1] * 5000, "s": []},
    "an unknown column": lambda: {"zz": [1]},
    "a number as a name": lambda: {1: [1]},
    "an Arrow table with a name twice": lambda: arrow(["a", "a"]),
    "an Arrow table with an unknown name": lambda: arrow(["a", "zz"]),
    "a DataFrame of mixed values": lambda: frame([1, "x"], names=["a"]),
    "a DataFrame with a name twice": lambda: frame([1], [2], names=["a", "a"]),
    "numbers": lambda: [1],
    "rows of different kinds": lambda: ({"a": 1} if n else 3 for n in (1, 0)),
    "no columns": dict,
    "rows without columns": lambda: [{}],
    "text": lambda: "abc",
    "nothing": lambda: None,
    "an object": object,
}


@pytest.mark.parametrize("given", ROWS.values(), ids=ROWS)
def test_rows_that_make_no_sense_are_refused_whole(given: Any) -> None:
    ds = pair()
    with pytest.raises(DeeplakeError):
        ds.extend(given())
    assert len(ds) == 0
    assert ds.commit().added == {}


CALLS: dict[str, Any] = {
    "a schema of pairs": lambda ds: deeplake.create(MemoryStore(), schema=[("a", "int")]),
    "a schema of text": lambda ds: deeplake.create(MemoryStore(), schema="a int"),
    "a schema of nothing": lambda ds: deeplake.create(MemoryStore(), schema={}),
    "a column of type None": lambda ds: deeplake.create(MemoryStore(), schema={"a": None}),
    "a column named 1": lambda ds: deeplake.create(MemoryStore(), schema={1: "int"}),
    "options that are none": lambda ds: deeplake.open("x", storage_options=3),
    "a log of 'a'": lambda ds: ds.log("a"),
    "a tag named 3": lambda ds: ds.tag(3),
    "a branch at 7": lambda ds: ds.branch("x", at=7),
    "a checkout of None": lambda ds: ds.checkout(None),
    "a commit without text": lambda ds: ds.commit(None),
    "an append of a list": lambda ds: ds.append([1]),
    "an append of pairs": lambda ds: ds.append([("a", 1)]),
    "a table named 3": lambda ds: deeplake.create(MemoryStore(), table=3),
    "no url": lambda ds: deeplake.open(None),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls_that_make_no_sense_raise_one_of_our_errors(call: Any) -> None:
    with pytest.raises(DeeplakeError) as raised:
        call(pair())
    assert len(str(raised.value)) > 20


def test_a_column_without_values_is_named_in_the_error_that_asks_for_its_type() -> None:
    with pytest.raises(SchemaError, match="'rating'") as raised:
        deeplake.create(MemoryStore()).append({"rating": None})
    assert "'column'" not in str(raised.value)


def test_odd_column_names_are_names_like_any_other() -> None:
    names = ["id", "__class__", "a b", "π", "data.x", "数", "UPPER", "upper", "'", '"', "a" * 255]
    ds = deeplake.create(MemoryStore(), schema=dict.fromkeys(names, "int"))
    ds.append({name: k for k, name in enumerate(names)})
    ds.commit()
    assert ds[0] == {name: k for k, name in enumerate(names)}
    for name in ("", "a\nb", "\ud800", "a" * 256, "\0"):
        with pytest.raises(DeeplakeError):
            deeplake.create(MemoryStore(), schema={name: "int"})


def test_a_closed_handle_refuses_to_read_and_write() -> None:
    ds = pair()
    ds.append({"a": 1, "s": "x"})
    ds.commit()
    column = ds["a"]
    assert column[0] == 1
    ds.append({"a": 2})
    ds.close()
    for call in (lambda: column[0], lambda: ds[0], lambda: ds.append({"a": 3}), lambda: ds[0:1]):
        with pytest.raises(ClosedError, match="closed"):
            call()


def test_in_asks_for_a_column() -> None:
    ds = pair()
    ds.append({"a": 1, "s": "a"})
    assert "a" in ds
    assert "zz" not in ds
    with pytest.raises(DeeplakeError, match="by name"):
        _ = 1 in ds
    assert "a" not in deeplake.create(MemoryStore())


def test_places_that_cannot_be_a_folder_say_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    for place in (file, file / "below"):
        with pytest.raises(DeeplakeError, match="file is where a folder|folder"):
            deeplake.create(place)
    with pytest.raises(DeeplakeError, match="Unicode"):
        deeplake.create(f"{tmp_path}/\ud8ff")
    with pytest.raises(DeeplakeError, match="branch"):
        deeplake.connect(tmp_path, branch=3)
    assert file.read_bytes() == b"x"


def test_a_with_block_on_a_database_that_is_not_there_yet_hides_no_error(tmp_path: Path) -> None:
    with deeplake.connect(tmp_path / "r") as db:
        assert db.tables() == []
    db.close()
    with pytest.raises(ZeroDivisionError), deeplake.connect(tmp_path / "r"):
        _ = 1 / 0
