"""Changed fragments read straight into memory: equal to the general way, and to a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.errors import ChecksumError
from deeplake.storage.memory import MemoryStore
from deeplake.table import edited
from deeplake.table.edited import EditedFrame
from deeplake.table.spare import SPARE_BYTES_MAX, SpareBytes

NARROW = {"int": (), "emb-2": (2,), "emb-80": (80,)}
WIDTHS = {**NARROW, "emb-1024": (1024,)}


@contextmanager
def small_frames(
    whole: int = 0, run: int = 1, spare: int = SPARE_BYTES_MAX
) -> Iterator[SpareBytes]:
    """Frames of a few rows; columns up to `whole` bytes are put together, runs of `run` bytes are
    copied at once, `spare` bytes are there to keep what is made for that.
    """
    kept = SpareBytes(spare)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "FRAME_BYTES", 3_200)
        patch.setattr(edited, "WHOLE_BYTES_MAX", whole)
        patch.setattr(edited, "RUN_BYTES_MIN", run)
        patch.setattr(edited, "SPARE", kept)
        yield kept


def values(rng: np.random.Generator, type_: str, count: int, nulls: bool) -> list[object]:
    made = rng.integers(0, 99, (count, *WIDTHS[type_])).astype(np.float32)
    return [None if nulls and rng.random() < 0.2 else (int(v) if not v.shape else v) for v in made]


@given(st.data())
def test_reading_into_memory_equals_the_general_way(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(NARROW)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    nulls, count = data.draw(st.booleans()), data.draw(st.integers(2, 90))
    url = "mem://edited-frames"
    if deeplake.exists(url):
        deeplake.delete(url)
    whole, spare = (
        data.draw(st.sampled_from([0, 1 << 20])),
        data.draw(st.sampled_from([0, 1 << 20])),
    )
    with small_frames(whole, data.draw(st.sampled_from([1, 100, 1 << 30])), spare):
        ds = deeplake.create(url, schema={"x": type_})
        model = values(rng, type_, count, nulls)
        ds.extend({"x": model})
        ds.commit()
        for _ in range(data.draw(st.integers(1, 3))):
            rows = np.unique(rng.integers(0, len(model), data.draw(st.integers(1, 9))))
            new = values(rng, type_, len(rows), data.draw(st.booleans()))
            ds["x"][rows.tolist()] = new
            for row, value in zip(rows.tolist(), new, strict=True):
                model[row] = value
            ds.commit()
            gone = np.unique(rng.integers(0, len(model), data.draw(st.integers(1, 20))))
            if len(gone) < len(model) - 1:
                ds.delete(rows=gone.tolist())
                model = [value for k, value in enumerate(model) if k not in set(gone.tolist())]
                ds.commit()
        session = deeplake.open(url)._session
        fragment = next(iter(session.tree().runs(0, len(model))))[0]
        frame = fragment.chunk(session.columns.get("x")).frame(0)
        assert isinstance(frame, EditedFrame)
        expected = np.array(
            [np.zeros(WIDTHS[type_]) if v is None else v for v in model], np.float32
        )
        valid = np.array([v is not None for v in model])
        for _ in range(8):
            low = data.draw(st.integers(0, len(model) - 1))
            high = data.draw(st.integers(low + 1, len(model)))
            out = np.empty((high - low, *WIDTHS[type_]), session.columns.get("x").layout.dtype)
            some = frame.fill(low, high, out)
            general = frame.slice(low, high)
            assert (out == general.values).all()
            assert (out == expected[low:high]).all()
            assert _flags(some, high - low) == _flags(general.valid, high - low)
            assert _flags(some, high - low) == valid[low:high].tolist()
            picked = rng.integers(0, len(model), 7)
            where = rng.permutation(9)[:7]
            into = np.zeros((9, *WIDTHS[type_]), out.dtype)
            some = frame.take_into(picked, into, where)
            assert (into[where] == expected[picked]).all()
            assert _flags(some, 7) == valid[picked].tolist()
            assert not np.delete(into, where, axis=0).any()
            some = frame.take_into(picked, into[:7], None)
            assert (into[:7] == expected[picked]).all()
            assert _flags(some, 7) == valid[picked].tolist()
            taken = frame.take(picked)
            assert (taken.values == expected[picked]).all()  # type: ignore[union-attr]
            assert _flags(taken.valid, 7) == valid[picked].tolist()


def _flags(valid: np.ndarray | None, rows: int) -> list[bool]:
    return [True] * rows if valid is None else valid.tolist()


@pytest.mark.parametrize("type_", list(NARROW))
def test_streams_of_changed_rows(type_: str) -> None:
    rng = np.random.default_rng(7)
    ds = deeplake.create(f"mem://streams-{type_}", schema={"x": type_})
    model = values(rng, type_, 5_000, nulls=False)
    ds.extend({"x": model})
    ds.commit()
    ds["x"][list(range(0, 5_000, 7))] = model[:715]
    ds.delete(rows=list(range(3, 5_000, 50)))
    ds.commit()
    new = dict(zip(range(0, 5_000, 7), model[:715], strict=True))
    left = [new.get(k, v) for k, v in enumerate(model) if k % 50 != 3]
    streamed = np.concatenate([b["x"] for b in ds.batches(batch_size=64, shuffle=False)])
    assert (streamed == np.array(left)).all()
    shuffled = np.concatenate([b["x"] for b in ds.batches(batch_size=64, shuffle=True, seed=1)])
    assert sorted(map(bytes, shuffled)) == sorted(map(bytes, streamed))


def changed(store: MemoryStore, type_: str, rows: int = 600) -> list[object]:
    """A table of one column with updated and deleted rows; what is left."""
    rng = np.random.default_rng(3)
    ds = deeplake.create(store, schema={"x": type_})
    model = values(rng, type_, rows, nulls=False)
    ds.extend({"x": model})
    ds.commit()
    ds["x"][5:rows:40] = model[: len(range(5, rows, 40))]
    model[5:rows:40] = model[: len(range(5, rows, 40))]
    ds.delete(rows=list(range(7, rows, 50)))
    ds.commit()
    return [value for k, value in enumerate(model) if k % 50 != 7]


def read_twice(ds: deeplake.Dataset, left: list[object]) -> None:
    """In order and by position, until all that can be kept is."""
    rng = np.random.default_rng(1)
    for _ in range(3):
        assert (ds["x"][:] == np.array(left)).all()
        rows = rng.integers(0, len(left), 300)
        assert (ds["x"][rows.tolist()] == np.array(left)[rows]).all()


@pytest.mark.parametrize(("type_", "whole"), [("int", 1 << 20), ("emb-80", 0)])
def test_what_readers_keep_is_bounded_and_given_back_with_them(type_: str, whole: int) -> None:
    store = MemoryStore()
    for spare in (1 << 20, 3_000, 0):
        with small_frames(whole, 100, spare) as kept:
            left = changed(store, type_)
            ds = deeplake.open(store)
            read_twice(ds, left)
            assert kept.lend(spare) == (not spare), "something was kept if there was room"
            del ds
            assert kept.lend(spare), "and is given back"
        deeplake.delete(store)


def test_one_wide_column_keeps_a_hundredth_of_its_bytes() -> None:
    store = MemoryStore()
    left = changed(store, "emb-1024", 3_000)
    with small_frames(0, 16 << 10, 3_000 * 4_096 // 60):
        ds = deeplake.open(store)
        read_twice(ds, left)
        fragment = next(iter(ds._session.tree().runs(0, len(left))))[0]
        frame = fragment.chunk(ds._session.columns.get("x")).frame(0)
        assert isinstance(frame, EditedFrame)
        assert frame._views is not None
        assert frame._sources is not None


@pytest.mark.parametrize(("type_", "whole"), [("int", 1 << 20), ("emb-80", 0), ("emb-80", 1 << 20)])
def test_damage_fails_the_rows_it_is_in_and_no_others(type_: str, whole: int) -> None:
    """Not even where a column is put together, and not at all in rows that were replaced."""
    store = MemoryStore()
    with small_frames(whole, 100):
        ds = deeplake.create(store, schema={"x": type_})
        wide = WIDTHS[type_] or (1,)
        count = 400_000 // wide[0] // 4
        first = np.random.default_rng(2).integers(0, 1 << 30, (count, *WIDTHS[type_]))
        ds.extend({"x": first.astype(np.float32 if WIDTHS[type_] else np.int64)})
        ds.commit()
        ds["x"][0] = ds["x"][1]
        ds.delete(rows=[count - 2])
        ds.commit()
        good = ds["x"][:]
        pack = next(info.key for info in store.list("packs/"))
        raw = bytearray(store.get(pack))
        raw[len(raw) // 2] ^= 1
        store.delete([pack])
        store.put(pack, [bytes(raw)])
        damaged = deeplake.open(store)["x"]
        failed = 0
        for low in range(0, len(good), len(good) // 40):
            rows = list(range(low, min(low + len(good) // 40, len(good))))
            for key in (slice(rows[0], rows[-1] + 1), rows):
                try:
                    assert (damaged[key] == good[rows]).all()
                except ChecksumError:
                    failed += 1
        assert 2 <= failed <= 20
