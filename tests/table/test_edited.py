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
from deeplake.table import edited
from deeplake.table.edited import EditedFrame

WIDTHS = {"int": (), "emb-2": (2,), "emb-80": (80,)}


@contextmanager
def small_frames(whole: int) -> Iterator[None]:
    """Frames of a few rows, and no column so small that it is put together once, or each."""
    before = settings.FRAME_BYTES, edited.WHOLE_BYTES_MAX
    settings.FRAME_BYTES, edited.WHOLE_BYTES_MAX = 3_200, whole  # type: ignore[misc]
    try:
        yield
    finally:
        settings.FRAME_BYTES, edited.WHOLE_BYTES_MAX = before  # type: ignore[misc]


def values(rng: np.random.Generator, type_: str, count: int, nulls: bool) -> list[object]:
    made = rng.integers(0, 99, (count, *WIDTHS[type_])).astype(np.float32)
    return [None if nulls and rng.random() < 0.2 else (int(v) if not v.shape else v) for v in made]


@given(st.data())
def test_reading_into_memory_equals_the_general_way(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(list(WIDTHS)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    nulls, count = data.draw(st.booleans()), data.draw(st.integers(2, 90))
    url = "mem://edited-frames"
    if deeplake.exists(url):
        deeplake.delete(url)
    with small_frames(data.draw(st.sampled_from([0, 1 << 20]))):
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
        for _ in range(4):
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
            if frame.take_into(picked, into, where):
                assert valid[picked].all()
                assert (into[where] == expected[picked]).all()
            taken = frame.take(picked)
            assert (taken.values == expected[picked]).all()  # type: ignore[union-attr]
            assert _flags(taken.valid, 7) == valid[picked].tolist()


def _flags(valid: np.ndarray | None, rows: int) -> list[bool]:
    return [True] * rows if valid is None else valid.tolist()


@pytest.mark.parametrize("type_", list(WIDTHS))
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
