"""Checksums compared ahead of a first pass: what the thread takes, when it ends."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.api.streaming import SessionSource
from deeplake.errors import ChecksumError, DamageError
from deeplake.loaders import ahead as ahead_of
from deeplake.loaders import prefetch
from deeplake.loaders.ahead import LEAD, THREAD_NAME, Ahead, spare_processor
from deeplake.loaders.source import Selection

if TYPE_CHECKING:
    from pathlib import Path

ROWS, SLAB, STEP, MOST = 2_000, 16, 64, 256
ROW_BYTES = 4_096


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """8 MB count for gigabytes: slabs of 16 rows, 64 rows at once, 256 ahead."""
    monkeypatch.setattr(settings, "SLAB_BYTES", SLAB * ROW_BYTES)
    monkeypatch.setattr(settings, "VERIFIED_AT_ONCE_BYTES", STEP * ROW_BYTES)
    monkeypatch.setattr(settings, "VERIFIED_AHEAD_BYTES", MOST * ROW_BYTES)
    monkeypatch.setattr(prefetch, "spare_processor", lambda: True)  # tests keep them busy


@pytest.fixture
def emb() -> np.ndarray:
    return np.random.default_rng(7).standard_normal((ROWS, ROW_BYTES // 4)).astype(np.float32)


@pytest.fixture
def place(tmp_path: Path, emb: np.ndarray) -> str:
    ds = deeplake.create(str(tmp_path / "r"), schema={"emb": "emb-1024", "n": "int"})
    ds.extend({"emb": emb, "n": np.arange(ROWS)})
    ds.commit()
    return str(tmp_path / "r")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Ahead]:
    """Every `Ahead` of a pass."""
    found: list[Ahead] = []

    class Kept(Ahead):
        def __init__(self, *given) -> None:
            super().__init__(*given)
            found.append(self)

    monkeypatch.setattr(prefetch, "Ahead", Kept)
    return found


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == THREAD_NAME]


def join() -> None:
    for thread in threads():
        thread.join()


class Recorder:
    """A source that notes what is verified, and is damaged from a row on."""

    rows = 1_000

    def __init__(self, damaged: int = rows) -> None:
        self.verified: list[range] = []
        self.damaged = damaged

    def verify(self, column: str, rows: range) -> None:
        assert column == "emb"
        self.verified.append(rows)
        if rows.stop > self.damaged:
            raise ChecksumError("block 7 does not match")


def pass_over(source: Recorder) -> Ahead:
    ahead = Ahead(source, ["emb"], SLAB, ROW_BYTES)
    for row in range(0, source.rows, SLAB):
        ahead.reached(row)
        join()  # a reader that is slower than the thread
    ahead.close()
    return ahead


def test_the_thread_keeps_ahead_and_takes_each_row_once() -> None:
    source = Recorder()
    pass_over(source)
    covered = [row for rows in source.verified for row in rows]
    assert covered == list(range(LEAD * SLAB, source.rows))
    assert all(rows.stop % STEP == 0 for rows in source.verified[:-1])  # as frames end


def test_the_thread_goes_no_further_than_it_may() -> None:
    source = Recorder()
    ahead = Ahead(source, ["emb"], SLAB, ROW_BYTES)
    ahead.reached(0)
    join()
    far = source.verified[-1].stop
    assert MOST < far <= MOST + STEP
    ahead.reached(SLAB)
    assert not threads()  # it is far enough
    ahead.reached(far - MOST // 2)
    join()
    assert source.verified[-1].stop > far
    ahead.close()


def test_a_pass_that_overtakes_the_thread_leaves_it_what_is_in_front() -> None:
    source = Recorder()
    ahead = Ahead(source, ["emb"], SLAB, ROW_BYTES)
    ahead.reached(600)
    join()
    assert source.verified[0].start == 600 + LEAD * SLAB
    ahead.close()


def test_damage_ends_the_thread_and_is_left_to_the_reader() -> None:
    source = Recorder(damaged=300)
    pass_over(source)
    assert sum(rows.stop > 300 for rows in source.verified) == 1


def test_a_first_pass_verifies_ahead_and_a_second_needs_none(place, emb, made) -> None:
    ds = deeplake.open(place)
    for passes in range(3):
        loader = ds.batches(8, columns=["emb", "n"])
        found = [(batch["emb"].copy(), batch["n"].copy()) for batch in loader]
        assert np.array_equal(np.concatenate([e for e, _ in found]), emb)
        assert np.concatenate([n for _, n in found]).tolist() == list(range(ROWS))
        assert len(made) == 1, passes
        assert not threads()


def test_what_the_thread_verified_is_verified_for_the_reader(place) -> None:
    source = SessionSource(deeplake.open(place)._session)
    assert source.unverified("emb", range(LEAD * SLAB, ROWS))
    ahead = Ahead(source, ["emb"], SLAB, ROW_BYTES)
    for row in range(0, ROWS, SLAB):
        ahead.reached(row)
        join()
    source.verify("emb", range(LEAD * SLAB))
    assert not source.unverified("emb", range(ROWS))


@pytest.mark.parametrize("rows", [slice(100, 1_900), slice(0, 2_000, 2)])
def test_a_view_is_verified_ahead_where_its_rows_lie_together(place, emb, made, rows) -> None:
    view = deeplake.open(place)[rows]
    found = np.concatenate([batch["emb"] for batch in view.batches(8, columns=["emb"])])
    assert np.array_equal(found, emb[rows])
    assert len(made) == (rows.step is None)
    source = Selection(SessionSource(deeplake.open(place)._session), range(ROWS)[rows])
    assert source.unverified("emb", range(9)) == (rows.step is None)


def test_a_processor_is_spare_where_fewer_run_than_there_are(monkeypatch) -> None:
    for processors, spare in ((1, False), (100_000, True)):
        own = range(processors)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, own=own: own, raising=False)
        assert spare_processor() is spare
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for count, spare in ((None, False), (1, False), (100_000, True)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert spare_processor() is spare


@pytest.mark.parametrize("given", [{"shuffle": True}, {"columns": ["n"]}])
def test_no_thread_where_rows_are_shuffled_or_narrow(place, made, given) -> None:
    for _ in deeplake.open(place).batches(8, **given):
        pass
    assert not made


def test_no_thread_for_a_small_table_or_without_a_spare_processor(place, made, monkeypatch) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(prefetch, "spare_processor", lambda: False)
        for _ in deeplake.open(place).batches(8, columns=["emb"]):
            pass
    monkeypatch.setattr(settings, "VERIFIED_AHEAD_BYTES", ROWS * ROW_BYTES)
    for _ in deeplake.open(place).batches(8, columns=["emb"]):
        pass
    assert not made


def test_a_pass_left_early_leaves_no_thread(place, made) -> None:
    under_way = iter(deeplake.open(place).batches(8, columns=["emb"]))
    next(under_way)
    under_way.close()
    assert made
    assert not threads()


def test_a_thread_that_cannot_be_had_is_done_without(place, emb, made, monkeypatch) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ahead_of, "Thread", Refused)
    found = [batch["emb"] for batch in deeplake.open(place).batches(8, columns=["emb"])]
    assert np.array_equal(np.concatenate(found), emb)
    assert made


@pytest.mark.parametrize("row", [0, 40, 700, ROWS - 1])
def test_a_flipped_bit_is_named_at_its_row_and_never_returned(place, emb, made, row) -> None:
    at = -1
    for name in (os.path.join(f, n) for f, _, names in os.walk(place) for n in names):
        with open(name, "rb") as file:
            content = bytearray(file.read())
        at = content.find(emb[row].tobytes())
        if at >= 0:
            break
    content[at + 5] ^= 8
    os.chmod(name, 0o644)
    with open(name, "wb") as file:
        file.write(content)
    found: list[np.ndarray] = []
    loader = deeplake.open(place).batches(8, columns=["emb"])
    with pytest.raises(DamageError, match=r"^column 'emb', row \d+: .* its checksum") as caught:
        found.extend(batch["emb"] for batch in loader)
    seen = 8 * len(found)
    assert np.array_equal(np.concatenate([emb[:0], *found]), emb[:seen])
    rows = 65_536 // ROW_BYTES  # of one block
    assert made
    assert not threads()
    assert caught.value.row // rows == row // rows
    assert row - rows - 8 < seen <= row
