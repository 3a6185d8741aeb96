"""Loaders over real stores: batches are what `ds[...]` returns, pinned at their commit."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import (
    ColumnNotFoundError,
    DamageError,
    InputError,
    StagedChangesError,
)
from deeplake.testing import strategies
from deeplake.testing.column_data import same

NUMBERS = itertools.count()


def memory_url() -> str:
    return f"mem://loaders-{next(NUMBERS)}"


def values_of(batches: object, name: str) -> list:
    return [value for batch in batches for value in batch[name]]


def collect(batches: object, seen: list) -> None:
    for batch in batches:
        seen.append(batch)  # noqa: PERF402 - keeps what came before an error


def numbered(rows: int, *, commits: int = 1, url: str | None = None):
    """A table of `commits` fragments; `n` is the row's position, `half` is NULL in odd rows."""
    ds = deeplake.create(url or memory_url(), schema={"n": "int", "emb": "emb-3", "half": "int"})
    for part in np.array_split(np.arange(rows), commits):
        ds.extend({
            "n": part,
            "emb": part[:, None] * np.ones(3),
            "half": [int(k) // 2 if k % 2 == 0 else None for k in part],
        })  # fmt: skip
        ds.commit("more")
    return ds


@given(st.data())
def test_batches_equal_indexing_whatever_the_types(data: st.DataObject) -> None:
    types = data.draw(st.lists(strategies.types(), min_size=1, max_size=3))
    rows = data.draw(st.integers(1, 8))
    columns = {
        f"c{k}": data.draw(
            st.lists(st.none() | strategies.values_of(t), min_size=rows, max_size=rows)
        )
        for k, t in enumerate(types)
    }
    ds = deeplake.create(memory_url(), schema={f"c{k}": t for k, t in enumerate(types)})
    cut = data.draw(st.integers(0, rows))
    for low, high in ((0, cut), (cut, rows)):
        if low < high:
            ds.extend({name: values[low:high] for name, values in columns.items()})
            ds.commit("part")
    size = data.draw(st.integers(1, rows + 1))
    shuffle = data.draw(st.booleans())
    loader = ds.batches(size, shuffle=shuffle)
    row = 0
    for batch in loader:
        for k in range(len(batch["c0"])):
            at = row if not shuffle else None
            found = {name: plain(values[k]) for name, values in batch.items()}
            expected = [
                {name: plain(ds[name][r]) for name in columns}
                for r in ([at] if at is not None else range(rows))
            ]
            assert any(same(found, e) for e in expected)
            row += 1
    assert row == rows


def plain(value: object) -> object:
    """NumPy scalars as Python's, datetimes at the resolution they are stored in."""
    if isinstance(value, np.generic):
        return value.item()
    return value


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("commits", [1, 3, 40])
def test_every_row_comes_once_from_any_number_of_fragments(shuffle: bool, commits: int) -> None:
    ds = numbered(1_000, commits=commits)
    for batch_size in (1, 7, 64, 1_000, 5_000):
        found = list(ds.batches(batch_size, shuffle=shuffle, seed=batch_size))
        order = values_of(found, "n")
        assert sorted(order) == list(range(1_000))
        assert (order == list(range(1_000))) is not shuffle
        for batch in found:
            assert (batch["emb"] == batch["n"][:, None]).all()
            assert batch["half"] == [
                int(n) // 2 if n % 2 == 0 else None for n in batch["n"].tolist()
            ]


def test_a_column_with_a_null_is_a_list_in_every_batch_and_others_are_arrays() -> None:
    ds = deeplake.create(memory_url(), schema={"a": "int", "b": "int", "e": "emb-2"})
    ds.extend({"a": [1, 2, 3, None], "b": [1, 2, 3, 4], "e": [[1, 2], None, [3, 4], [5, 6]]})
    ds.commit("one NULL at the end")
    found = list(ds.batches(2))
    assert [b["a"] for b in found] == [[1, 2], [3, None]]
    assert [type(b["b"]) for b in found] == [np.ndarray] * 2
    assert [type(b["e"]) for b in found] == [list] * 2
    assert found[0]["e"][1] is None


@pytest.mark.parametrize("commits", [1, 30])
def test_a_view_without_the_nulls_of_its_table_gives_arrays(commits: int) -> None:
    ds = numbered(1_000, commits=commits)
    even = ds["n"][:] % 2 == 0
    for view in (ds[even], ds[::2], ds[2:3], ds[[0, 998, 0]], ds[even][5:50]):
        for shuffle in (False, True):
            for batch in view.batches(7, shuffle=shuffle):
                assert (batch["half"] == batch["n"] // 2).all()
    for view in (ds[1:4], ds[[0, 2, 999]], ds[998:], ds[even][:0]):
        kinds = {type(batch["half"]) for batch in view.batches(1)}
        assert kinds <= {list}


def test_a_view_of_a_column_that_is_null_in_its_first_rows_only() -> None:
    ds = deeplake.create(memory_url(), schema={"text": "text", "image": "image", "w": "float"})
    pixels = np.zeros((4, 4, 3), np.uint8)
    ds.extend({"text": [None, "b"], "image": [None, pixels], "w": [None, 1.5]})
    ds.commit("the first row is NULL")
    (batch,) = ds[1:].batches(4)
    assert (batch["image"].shape, batch["w"].tolist()) == ((1, 4, 4, 3), [1.5])
    (batch,) = ds[:].batches(4)
    assert batch["image"][0] is None
    assert batch["w"] == [None, 1.5]


def test_the_last_batch_is_short_unless_dropped() -> None:
    ds = numbered(10)
    assert [len(b["n"]) for b in ds.batches(4)] == [4, 4, 2]
    assert [len(b["n"]) for b in ds.batches(4, drop_last=True)] == [4, 4]
    assert (len(ds.batches(4)), len(ds.batches(4, drop_last=True))) == (3, 2)


def test_an_empty_table_has_no_batches() -> None:
    ds = deeplake.create(memory_url(), schema={"n": "int"})
    assert list(ds.batches(4)) == []
    assert list(ds.batches(4, shuffle=True)) == []
    assert len(ds.batches(4)) == 0


def test_epochs_differ_and_repeat_from_the_same_seed() -> None:
    ds = numbered(200)
    loader = ds.batches(64, shuffle=True, seed=5)
    first, second = values_of(loader, "n"), values_of(loader, "n")
    assert first != second
    again = ds.batches(64, shuffle="full", seed=5)
    assert (values_of(again, "n"), values_of(again, "n")) == (first, second)
    again.set_epoch(0)
    assert values_of(again, "n") == first
    assert values_of(ds.batches(64, shuffle=True, seed=6), "n") != first


def test_the_order_of_rows_does_not_depend_on_batch_size() -> None:
    ds = numbered(500, commits=3)
    orders = {tuple(values_of(ds.batches(b, shuffle=True, seed=1), "n")) for b in (1, 10, 499)}
    assert len(orders) == 1


def test_a_later_commit_changes_neither_a_running_nor_a_later_epoch() -> None:
    ds = numbered(20)
    loader = ds.batches(4)
    under_way = iter(loader)
    seen = list(next(under_way)["n"])
    ds.append({"n": 999, "emb": [0, 0, 0]})
    ds.commit("later")
    seen += values_of(under_way, "n")
    assert seen == values_of(loader, "n") == list(range(20))
    assert len(values_of(ds.batches(4), "n")) == 21


def test_staged_rows_are_refused_by_name() -> None:
    ds = numbered(4)
    ds.append({"n": 4})
    with pytest.raises(StagedChangesError, match=r"batches\(\)"):
        ds.batches(2)
    with pytest.raises(StagedChangesError, match=r"pytorch\(\)"):
        ds.pytorch(2)
    ds.rollback()
    assert len(values_of(ds.batches(2), "n")) == 4


def test_columns_are_checked_before_anything_is_read() -> None:
    ds = numbered(4)
    with pytest.raises(ColumnNotFoundError, match="Did you mean 'emb'"):
        ds.batches(2, columns=["embb"])
    for wrong in ([], ["n", "n"], "n", 5):
        with pytest.raises(InputError, match="columns"):
            ds.batches(2, columns=wrong)
    assert [list(b) for b in ds.batches(4, columns=["emb", "n"])] == [["emb", "n"]]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": -1}, "batch_size"),
        ({"batch_size": "64"}, "batch_size"),
        ({"shuffle": "cw1"}, "shuffle"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_options_are_refused_at_the_call(options: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        numbered(4).batches(**options)


def test_views_stream_their_rows() -> None:
    ds = numbered(50)
    assert values_of(ds[10:30].batches(8), "n") == list(range(10, 30))
    assert values_of(ds[40:10:-7].batches(2), "n") == list(range(40, 10, -7))
    assert values_of(ds[[3, 1, 3]].batches(2), "n") == [3, 1, 3]
    mask = np.arange(50) % 9 == 0
    assert sorted(values_of(ds[mask].batches(4, shuffle=True), "n")) == list(range(0, 50, 9))


def test_an_in_place_change_reaches_neither_the_store_nor_the_next_epoch(tmp_path) -> None:
    ds = deeplake.create(str(tmp_path / "r"), schema={"n": "int", "emb": "emb-512"})
    ds.extend({"n": np.arange(400), "emb": np.ones((400, 512))})
    ds.commit("in a pack of its own")
    for shuffle in (False, True):
        loader = ds.batches(64, shuffle=shuffle)
        for _ in range(2):
            for batch in loader:
                assert (batch["emb"] == 1).all()
                batch["emb"] /= 255
                batch["n"] += 1_000
    assert (ds["emb"][:] == 1).all()
    assert ds["n"][399] == 399


def test_a_flipped_bit_is_raised_at_its_batch_and_never_returned(tmp_path) -> None:
    ds = deeplake.create(str(tmp_path / "r"), schema={"emb": "emb-512 not_null"})
    emb = np.random.default_rng(0).standard_normal((2_000, 512)).astype(np.float32)
    ds.extend({"emb": emb})
    ds.commit("in a pack")
    (pack,) = [p for p in (tmp_path / "r" / "packs").rglob("*") if p.is_file()]
    content = bytearray(pack.read_bytes())
    at = content.index(emb[1_500].tobytes())
    content[at + 5] ^= 8
    pack.chmod(0o644)
    pack.write_bytes(content)
    for shuffle in (False, True):
        fresh = deeplake.open(str(tmp_path / "r"))
        seen = []
        with pytest.raises(DamageError, match=r"^column 'emb', row 1\d\d\d: .* its checksum"):
            collect(fresh.batches(32, shuffle=shuffle, columns=["emb"]), seen)
        if not shuffle:
            found = np.concatenate([batch["emb"] for batch in seen])
            assert 1_400 < len(found) <= 1_500
            assert np.array_equal(found, emb[: len(found)])


@pytest.mark.parametrize("kind", ["batches", "pytorch"])
def test_a_pickled_loader_goes_on_at_its_commit_and_epoch(kind: str, tmp_path) -> None:
    if kind == "pytorch":
        pytest.importorskip("torch")
    ds = numbered(100, commits=3, url=str(tmp_path / "r"))
    for rows in (ds, ds[10:90:3], ds[[5, 1, 70]]):
        loader = getattr(rows, kind)(8, shuffle=True, seed=3, columns=["n"], drop_last=True)
        values_of(loader, "n")
        stored = pickle.dumps(loader)
        assert len(stored) < 3_000
        ds.append({"n": 999, "emb": [0, 0, 0]})
        ds.commit("later")
        copy = pickle.loads(stored)
        assert (repr(copy), copy.epoch) == (repr(loader), 1)
        assert values_of(copy, "n") == values_of(loader, "n")


def test_a_pass_left_early_repeats_its_order_unless_the_epoch_is_set() -> None:
    loader = numbered(100).batches(8, shuffle=True)
    first = [next(iter(loader))["n"].tolist() for _ in range(2)]
    assert first[0] == first[1]
    loader.set_epoch(1)
    assert next(iter(loader))["n"].tolist() != first[0]


def test_the_repr_says_what_is_streamed() -> None:
    loader = numbered(10).batches(4, shuffle=True, seed=3, columns=["n"])
    assert repr(loader).startswith("<NumpyLoader: 10 rows of 'data' at ")
    assert "3 batches of 4, shuffled (full), seed 3, epoch 0; n>" in repr(loader)


def test_dates_and_times_are_arrays() -> None:
    ds = deeplake.create(memory_url(), schema={"d": "date", "t": "timestamp"})
    days = np.array(["2024-02-29", "1969-12-31"], "M8[D]")
    ds.extend({"d": days, "t": days.astype("M8[us]")})
    ds.commit("two days")
    (batch,) = ds.batches(2)
    assert batch["d"].tolist() == days.tolist()
    assert batch["t"].dtype == np.dtype("M8[us]")
