"""The pipeline over a source in memory: threads, order, failures, memory that is used again."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import numpy as np
import pytest

from deeplake.errors import ChecksumError, MalformedObjectError, MediaError, StoreUnavailableError
from deeplake.loaders.collate import form_of, row_bytes, stacked
from deeplake.loaders.memory import SlabMemory
from deeplake.loaders.numpy import NumpyLoader
from deeplake.loaders.order import Order
from deeplake.loaders.prefetch import THREAD_NAME, Slab, SlabReader, slabs
from deeplake.loaders.shard import shard_of
from deeplake.loaders.source import Selection
from deeplake.types.data import take_rows
from deeplake.types.declare import parse


class ListSource:
    """Columns given as lists; `broken` rows raise when they are read."""

    name = "lists"

    def __init__(self, columns: dict, *, remote: bool = False, broken: frozenset = frozenset()):
        self.types = {name: parse(spelling) for name, (spelling, _) in columns.items()}
        self.data = {n: self.types[n].normalise(v, column=n) for n, (_, v) in columns.items()}
        self.rows = len(next(iter(columns.values()))[1])
        self.remote = remote
        self.broken = broken
        self.threads: set[str] = set()

    def read(self, column, rows, out=None):
        self.threads.add(threading.current_thread().name)
        if bad := self.broken & set(rows if isinstance(rows, range) else rows.tolist()):
            raise ChecksumError(f"row {min(bad)} is damaged.")
        positions = np.array(rows, np.int64)
        found = take_rows(self.data[column], positions)
        if out is not None:
            out[: len(positions)] = found.values
            return found._replace(values=out[: len(positions)])
        return found

    def nulls(self, column, rows=None):
        valid = self.data[column].valid
        if valid is None:
            return 0
        return int((~(valid if rows is None else valid[np.asarray(rows, np.int64)])).sum())

    def unverified(self, column, rows):
        return False

    def verify(self, column, rows):
        raise AssertionError("nothing was unverified")

    def position(self, row):
        return row


def pictures(rows: int) -> list:
    return [np.full((4, 5, 3), k % 256, np.uint8) for k in range(rows)]


def collect(loader: NumpyLoader, seen: list) -> None:
    for batch in loader:
        seen.append(batch)  # noqa: PERF402 - keeps what came before an error


def loader_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith(THREAD_NAME)]


def test_raw_local_columns_are_read_in_the_callers_thread() -> None:
    source = ListSource({"n": ("int", list(range(100)))})
    assert [b["n"].tolist() for b in NumpyLoader(source, batch_size=64)] == [
        list(range(64)),
        list(range(64, 100)),
    ]
    assert source.threads == {threading.main_thread().name}


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_remote_source_is_read_ahead_in_threads_and_in_order(shuffle: bool) -> None:
    columns = {"n": ("int", list(range(3_000))), "t": ("text", [str(k) for k in range(3_000)])}
    near = NumpyLoader(ListSource(columns), batch_size=7, shuffle=shuffle)
    source = ListSource(columns, remote=True)
    far = NumpyLoader(source, batch_size=7, shuffle=shuffle)
    for a, b in zip(near, far, strict=True):
        assert a["n"].tolist() == b["n"].tolist()
        assert a["t"] == b["t"] == [str(n) for n in a["n"]]
    assert all(name.startswith(THREAD_NAME) for name in source.threads)
    assert loader_threads() == []


def test_media_decode_in_threads_into_one_array() -> None:
    source = ListSource({"image": ("image", pictures(50)), "n": ("int", list(range(50)))})
    found = list(NumpyLoader(source, batch_size=20, shuffle=True, seed=3))
    assert [b["image"].shape for b in found] == [(20, 4, 5, 3), (20, 4, 5, 3), (10, 4, 5, 3)]
    for batch in found:
        assert (batch["image"][:, 0, 0, 0] == batch["n"]).all()
    assert source.threads
    assert threading.main_thread().name not in source.threads


def test_media_of_several_shapes_are_a_list_only_where_they_differ() -> None:
    images = [np.zeros((2, 2, 3), np.uint8)] * 40 + [np.zeros((3, 2, 3), np.uint8)] * 10
    found = list(NumpyLoader(ListSource({"image": ("image", images)}), batch_size=16))
    assert [type(b["image"]) for b in found] == [np.ndarray, np.ndarray, list, np.ndarray]
    assert [row.shape for row in found[2]["image"]] == [(2, 2, 3)] * 8 + [(3, 2, 3)] * 8


def test_gray_pictures_of_eight_and_sixteen_bits_do_not_mix() -> None:
    images = [np.full((2, 2, 1), 7, np.uint8), np.full((2, 2, 1), 999, np.uint16)]
    (batch,) = NumpyLoader(ListSource({"image": ("image", images)}), batch_size=2)
    assert [(row.dtype, int(row[0, 0, 0])) for row in batch["image"]] == [("u1", 7), ("u2", 999)]


@pytest.mark.parametrize("remote", [False, True])
def test_a_failure_is_raised_at_the_batch_it_concerns(remote: bool) -> None:
    source = ListSource({"n": ("int", list(range(200)))}, remote=remote, broken=frozenset({77}))
    seen = []
    with pytest.raises(ChecksumError, match="row 77"):
        collect(NumpyLoader(source, batch_size=10), seen)
    assert [batch["n"].tolist() for batch in seen] == [
        list(range(at, at + 10)) for at in range(0, 70, 10)
    ]
    assert loader_threads() == []


def test_a_picture_that_does_not_decode_is_raised_at_its_batch() -> None:
    source = ListSource({"image": ("image", pictures(90))})
    buffers = list(source.data["image"].buffers)
    buffers[70] = buffers[70][:-30] + bytes(30)
    source.data["image"] = source.data["image"]._replace(buffers=buffers)
    seen = []
    with pytest.raises(MediaError, match="cannot be decoded"):
        collect(NumpyLoader(source, batch_size=10), seen)
    assert len(seen) == 7


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_broken_picture_is_named_by_column_and_row_of_the_table(shuffle: bool) -> None:
    source = ListSource({"n": ("int", list(range(90))), "image": ("image", pictures(90))})
    buffers = list(source.data["image"].buffers)
    buffers[70] = buffers[70][:-30] + bytes(30)
    source.data["image"] = source.data["image"]._replace(buffers=buffers)
    every_second = Selection(source, range(88, 0, -2))
    for rows in (source, every_second, Selection(every_second, np.arange(5, 20))):
        with pytest.raises(MediaError, match="^column 'image', row 70: the image") as caught:
            collect(NumpyLoader(rows, batch_size=16, shuffle=shuffle), [])
        assert (caught.value.column, caught.value.row) == ("image", 70)
        assert "cannot be decoded" in caught.value.message


def test_a_failure_of_the_store_is_not_blamed_on_a_row() -> None:
    class Unplugged(ListSource):
        def read(self, column, rows, out=None):
            self.reads = getattr(self, "reads", 0) + 1
            raise StoreUnavailableError("no answer.")

    source = Unplugged({"n": ("int", list(range(100)))})
    with pytest.raises(StoreUnavailableError, match=r"^no answer\.$"):
        collect(NumpyLoader(source, batch_size=10), [])
    assert source.reads == 2


@pytest.mark.parametrize("end", ["close", "collect", "break"])
def test_stopping_early_leaves_no_threads(end: str) -> None:
    source = ListSource({"image": ("image", pictures(300))})
    loader = NumpyLoader(source, batch_size=4)
    if end == "break":
        for _ in loader:
            break
    else:
        under_way = iter(loader)
        next(under_way)
        assert loader_threads()
        if end == "close":
            under_way.close()
        del under_way
    gc.collect()
    assert loader_threads() == []


@pytest.mark.parametrize("left", ["a name", "a cycle"])
def test_a_loader_left_half_read_says_nothing_when_the_interpreter_exits(left: str) -> None:
    program = f"""
import numpy as np
import deeplake
ds = deeplake.create("mem://exit", schema={{"image": "image"}})
ds.extend({{"image": [np.zeros((32, 32, 3), np.uint8)] * 300}})
ds.commit("pictures")
under_way = iter(ds.batches(4))
next(under_way)
if {left!r} == "a cycle":
    cycle = [under_way]
    cycle.append(cycle)
    del under_way
print("done")
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (found.stdout, found.stderr, found.returncode) == ("done\n", "", 0)


def test_a_pass_that_was_stopped_does_not_advance_the_epoch() -> None:
    loader = NumpyLoader(ListSource({"n": ("int", [1, 2, 3])}), batch_size=1, shuffle=True)
    next(iter(loader))
    assert loader.epoch == 0
    list(loader)
    assert loader.epoch == 1
    loader.set_epoch(7)
    list(loader)
    assert loader.epoch == 8


def test_the_queue_of_slabs_is_bounded() -> None:
    source = ListSource({"n": ("int", [0] * 10_000)}, remote=True)
    forms = [form_of("n", source.types["n"], nulls=0)]
    reader = SlabReader(source, forms, 1, shuffled=False)
    begun = []

    def wanted():
        for k in range(1_000):
            begun.append(k)
            yield Slab(range(k, k + 1), [0, 1], [0])

    under_way = reader.ordered(wanted())
    next(under_way)
    assert len(begun) <= 20
    under_way.close()


def test_slabs_join_to_the_order_and_are_cut_at_steps() -> None:
    order = Order(50_000, seed=1, epoch=0, shuffle=True)
    shard = shard_of(50_000, batch_size=64)
    found = list(slabs(order, shard, 16))
    assert np.concatenate([s.rows for s in found]).tolist() == order.at(range(50_000)).tolist()
    assert [s.cuts[1] for s in found] == [64] * len(found)
    assert sum(len(s.cuts) - 1 for s in found) == shard.steps == 782


def test_every_rank_of_a_padded_epoch_marks_what_is_padding() -> None:
    source = ListSource({"n": ("int", list(range(10)))})
    loader = NumpyLoader(source, batch_size=2)
    marks = []
    for rank in range(3):
        loader._shard = shard_of(10, batch_size=2, rank=rank, world_size=3)
        marks += [(b["n"].tolist(), b["_valid"].tolist()) for b in loader]
    assert marks == [
        ([0, 1], [True, True]), ([6, 7], [True, True]),
        ([2, 3], [True, True]), ([8, 9], [True, True]),
        ([4, 5], [True, True]), ([9, 9], [False, False]),
    ]  # fmt: skip


def test_changing_a_batch_changes_no_other_and_no_later_epoch() -> None:
    loader = NumpyLoader(ListSource({"n": ("int", list(range(10)))}), batch_size=4)
    for _ in range(3):
        found = [b["n"] for b in loader]
        assert [row for batch in found for row in batch.tolist()] == list(range(10))
        found[0][:] = -1
        assert found[1].tolist() == [4, 5, 6, 7]


def test_batches_that_are_kept_are_never_written_again() -> None:
    source = ListSource({"e": ("emb-1024", np.arange(2_000 * 1024).reshape(-1, 1024) / 1e6)})
    loader = NumpyLoader(source, batch_size=32)
    kept = [batch["e"] for _ in range(3) for batch in loader]
    for at, batch in enumerate(kept):
        low = at % len(loader) * 32
        assert np.array_equal(batch, source.data["e"].values[low : low + 32])


def test_slab_memory_is_used_again_only_when_free() -> None:
    memory = SlabMemory((4, 2), np.dtype(np.float32))
    first = memory.take()
    address, view = first.ctypes.data, first[1:]
    del first
    assert memory.take().ctypes.data != address
    del view
    assert address in {memory.take().ctypes.data for _ in range(3)}


def test_nulls_that_statistics_deny_are_damage_not_data() -> None:
    form = form_of("n", parse("int"), nulls=0)
    with pytest.raises(MalformedObjectError, match="'n' has NULLs"):
        form.values(parse("int").normalise([1, None], column="n"))


def test_a_selection_is_its_rows_of_the_source() -> None:
    source = ListSource({"n": ("int", list(range(100, 200)))})
    for chosen in (range(5, 60), range(60, 5, -3), np.array([7, 7, 99, 0], np.int64)):
        loader = NumpyLoader(Selection(source, chosen), batch_size=9, shuffle=False)
        found = [n for b in loader for n in b["n"].tolist()]
        assert found == [100 + int(k) for k in chosen]
        shuffled = NumpyLoader(Selection(source, chosen), batch_size=9, shuffle=True)
        mixed = [n for b in shuffled for n in b["n"].tolist()]
        assert sorted(mixed) == sorted(found)


def test_rows_stack_if_shape_and_dtype_agree() -> None:
    assert stacked([np.zeros(2), np.ones(2)]).shape == (2, 2)
    assert type(stacked([np.zeros(2), np.ones(2, np.float32)])) is list
    assert stacked(["a", "b"]) == ["a", "b"]
    assert stacked([]) == []


def test_a_row_takes_the_bytes_of_its_columns() -> None:
    layouts = [parse(t).layout for t in ("emb-512", "int")]
    assert row_bytes(layouts) == 2_056
