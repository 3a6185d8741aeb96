"""Numbers of many fragments read at once are those that each fragment gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import settings
from deeplake.errors import ChecksumError
from deeplake.format.keys import object_key
from deeplake.table.cells import Wanted, cells_at, gathered
from deeplake.table.columns import columns_of
from deeplake.table.packs import PACKED
from deeplake.table.scalars import numbers, readable
from deeplake.table.walk import Side
from deeplake.testing import layouts as lay
from deeplake.types.data import concat, take_rows

ROWS = 2600
ZERO = np.zeros(1, np.int64)
COLUMNS = {"label": "int", "sparse": "int32", "score": "float", "small": "uint8", "grown": "int16"}


@pytest.fixture(scope="module")
def limits():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "FRAGMENT_ROWS_MAX", 600)
        patched.setattr(settings, "PACKED_ROWS_MIN", 300)
        patched.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 4096)
        yield


@pytest.fixture(scope="module")
def repository(limits, tmp_path_factory):
    """Five fragments in packs, one in a slot, changed in every way."""
    path = str(tmp_path_factory.mktemp("numbers") / "r")
    rng = np.random.default_rng(5)
    ds = deeplake.create(path, schema=COLUMNS)
    labels = rng.integers(0, 1000, ROWS)
    ds.extend(
        {
            "label": labels,
            "sparse": [None if n % 5 == 0 else int(n) for n in labels],
            "score": rng.random(ROWS),
            "small": labels % 200,
            "grown": rng.integers(-200, 200, ROWS),
        }
    )
    ds.commit("rows")
    ds.append({"label": 1, "sparse": None, "score": 0.5, "small": 3, "grown": 4})
    ds.commit("a row in a slot")
    for k in range(4):
        at = np.sort(rng.choice(ROWS - 3, 40, replace=False))
        ds["label"][at] = rng.integers(0, 2000, 40)
        ds.commit(f"labels {k}")
        ds["sparse"][at[::3]] = [None if n % 2 else n for n in range(len(at[::3]))]
        ds["score"][at[::2]] = 0.25
        ds.commit(f"others {k}")
        if k == 1:
            ds.delete(rows=[3, 700, 701])
            ds.commit("three rows fewer")
            ds.add_column("late", "int", default=7)
            ds.widen_column("grown", "int64")
            ds.commit("other columns")
    at = np.sort(rng.choice(ROWS - 3, 400, replace=False))
    ds["label"][at] = rng.integers(0, 50, 400)  # too many to be listed: another kind of frame
    ds["late"][at[:9]] = 8
    ds.commit("many")
    return path


def opened(path: str):
    """The columns of the head, and its fragments as comparisons open them."""
    snapshot = deeplake.open(path)._session.snapshot
    state = snapshot.table("data")
    side = Side(snapshot.objects, snapshot.head, state.records)
    return columns_of(state.schema_block), side.fragments(side.leaves(side.root))


def one_by_one(column, fragments, at, places):
    """The same cells, fragment by fragment."""
    pieces = [cells_at(fragments[k], column, places[at == k]) for k in sorted(set(at.tolist()))]
    order = np.concatenate([np.flatnonzero(at == k) for k in sorted(set(at.tolist()))])
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return take_rows(concat(pieces), back)


@given(st.data())
def test_numbers_of_many_fragments_equal_those_of_each(repository, draw):
    columns, fragments = opened(repository)
    assert len(fragments) == 6
    column = columns.get(draw.draw(st.sampled_from([*COLUMNS, "late"])))
    seed, count = draw.draw(st.integers(0, 999)), draw.draw(st.sampled_from([1, 3, 40, 900]))
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, len(fragments), count))
    places = np.array([rng.integers(0, fragments[k].stored_rows) for k in at.tolist()])
    assert readable(column, fragments, at)
    want = one_by_one(column, fragments, at, places)
    assert lay.identical(numbers(column, fragments, at, places), want)
    shuffled = rng.permutation(count)
    wanted = Wanted(column, fragments, at[shuffled], places[shuffled])
    (found,) = gathered([wanted])
    assert lay.identical(found, take_rows(want, shuffled))


def test_what_is_not_a_number_or_is_staged_is_read_otherwise(limits):
    ds = deeplake.create("mem://not-numbers", schema={"n": "int", "t": "text", "v": "float32[3]"})
    ds.extend({"n": range(9), "t": ["x"] * 9, "v": np.zeros((9, 3), np.float32)})
    ds.commit("rows")
    snapshot = ds._session.snapshot
    state = snapshot.table("data")
    side = Side(snapshot.objects, snapshot.head, state.records)
    fragments = side.fragments(side.root)
    columns = columns_of(state.schema_block)
    assert [readable(column, fragments, ZERO) for column in columns] == [True, False, False]
    assert not readable(columns.get("n"), fragments, ZERO[:0])
    fragments[0].edit = object()
    assert not readable(columns.get("n"), fragments, ZERO)


def test_damage_is_found_in_frames_and_in_overlays(limits, tmp_path):
    path = tmp_path / "damaged"
    ds = deeplake.create(path, schema={"label": "int"})
    ds.extend({"label": np.random.default_rng(0).integers(0, 1000, 1200)})
    ds.commit("rows")
    ds["label"][[5, 700]] = 4
    ds.commit("two labels")
    assert PACKED in ds._session.snapshot.header.requires
    columns, fragments = opened(str(path))
    (column,) = columns
    places, at = np.array([5, 6]), np.array([0, 0])
    assert numbers(column, fragments, at, places).values[0] == 4
    (frame,) = fragments[0].part(column.column_id).frames
    (overlay,) = fragments[0].overlays(column.column_id)
    key = object_key
    for ref in (frame, overlay.values):
        file = path / (key(ref.object_id) if ref.object_id else fragments[0].own_key)
        whole = file.read_bytes()
        for where in (ref.offset, ref.offset + ref.length + 3):  # of the payload, of the index
            damaged = bytearray(whole)
            damaged[where] ^= 1
            file.write_bytes(damaged)
            columns, fragments = opened(str(path))
            with pytest.raises(ChecksumError):
                numbers(column, fragments, at, places)
        file.write_bytes(whole)


# --- the feature --------------------------------------------------------------------------------


def test_commits_whose_frames_are_packed_say_so_and_others_do_not(limits):
    labels = np.random.default_rng(0).integers(0, 1000, 500)
    ds = deeplake.create("mem://says-packed", schema={"label": "int"})
    ds.extend({"label": labels[:200]})
    ds.commit("few")
    assert ds._session.snapshot.header.requires == ()
    ds.branch("side")
    ds.extend({"label": labels})
    ds.commit("many")
    assert ds._session.snapshot.header.requires == (PACKED,)
    ds.checkout("main")
    ds.append({"label": 1})
    ds.commit("one more")
    assert ds._session.snapshot.header.requires == ()
    ds.merge("side")
    assert PACKED in ds._session.snapshot.header.requires


def test_a_compaction_that_packs_says_so(limits):
    ds = deeplake.create("mem://compacts-packed", schema={"label": "int"})
    for k in range(4):
        ds.extend({"label": np.random.default_rng(k).integers(0, 1000, 100)})
        ds.commit("a few")
    assert ds._session.snapshot.header.requires == ()
    before = ds["label"][:].tolist()
    ds.optimize(progress=False)
    assert PACKED in ds._session.snapshot.header.requires
    assert ds["label"][:].tolist() == before
    assert ds.verify(progress=False).ok
