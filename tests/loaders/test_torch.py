"""The PyTorch loader: tensors with the loader's own memory, lists for what torch has not."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys

import numpy as np
import pytest

import deeplake
from deeplake.errors import DependencyError, StateError

torch = pytest.importorskip("torch")

NUMBERS = itertools.count()


def table(schema: dict, rows: dict):
    ds = deeplake.create(f"mem://torch-{next(NUMBERS)}", schema=schema)
    ds.extend(rows)
    ds.commit("rows")
    return ds


def test_numbers_and_vectors_are_tensors_of_their_dtype() -> None:
    schema = {"b": "bool", "i": "int", "u": "uint8", "h": "float16", "e": "emb-2", "m": "int8[2,3]"}
    rows = {
        "b": [True, False, True], "i": [1, 2, 3], "u": [0, 128, 255], "h": [0.5, 1, 2],
        "e": np.arange(6).reshape(3, 2), "m": np.arange(18).reshape(3, 2, 3),
    }  # fmt: skip
    (batch,) = table(schema, rows).pytorch(3)
    found = {name: (value.dtype, tuple(value.shape)) for name, value in batch.items()}
    assert found == {
        "b": (torch.bool, (3,)), "i": (torch.int64, (3,)), "u": (torch.uint8, (3,)),
        "h": (torch.float16, (3,)), "e": (torch.float32, (3, 2)), "m": (torch.int8, (3, 2, 3)),
    }  # fmt: skip
    assert batch["m"].tolist() == np.arange(18).reshape(3, 2, 3).tolist()


@pytest.mark.parametrize("shuffle", [False, True])
def test_class_labels_are_what_cross_entropy_takes(shuffle: bool) -> None:
    names = deeplake.types.ClassLabel(["cat", "dog", "owl"])
    ds = table({"y": names}, {"y": ["owl", "cat", "dog", "owl"]})
    found = []
    for batch in ds.pytorch(3, shuffle=shuffle):
        assert batch["y"].dtype == torch.int64
        torch.nn.functional.cross_entropy(torch.zeros(len(batch["y"]), 3), batch["y"])
        found += batch["y"].tolist()
    assert sorted(found) == [0, 1, 2, 2]
    (batch,) = ds.batches(4)
    assert batch["y"].dtype == np.int32


def test_images_are_one_tensor_where_shapes_agree_and_a_list_where_not() -> None:
    images = [np.full((4, 4, 3), k, np.uint8) for k in range(4)]
    images[3] = np.full((2, 4, 3), 3, np.uint8)
    same, differ = table({"image": "image"}, {"image": images}).pytorch(2)
    assert (same["image"].dtype, same["image"].shape) == (torch.uint8, (2, 4, 4, 3))
    assert same["image"][1, 0, 0].tolist() == [1, 1, 1]
    assert [tuple(t.shape) for t in differ["image"]] == [(4, 4, 3), (2, 4, 3)]


def test_what_torch_has_no_dtype_for_is_a_list() -> None:
    day = np.array(["2024-02-29"], "M8[D]")
    ds = table({"t": "text", "j": "json", "d": "date"}, {"t": ["a"], "j": [{"k": 1}], "d": day})
    (batch,) = ds.pytorch(1)
    assert batch == {"t": ["a"], "j": [{"k": 1}], "d": day.tolist()}


def test_a_column_with_nulls_is_a_list_in_every_batch() -> None:
    ds = table({"i": "int", "e": "emb-2"}, {"i": [1, None, 3, 4], "e": [[1, 2], None] * 2})
    found = list(ds.pytorch(2))
    assert [b["i"] for b in found] == [[1, None], [3, 4]]
    assert found[1]["e"][0].tolist() == [1, 2]
    assert found[1]["e"][1] is None


def test_tensors_equal_numpy_batches_in_every_epoch() -> None:
    ds = table({"i": "int", "e": "emb-7"}, {"i": range(1_000), "e": np.random.rand(1_000, 7)})
    arrays, tensors = (f(96, shuffle=True, seed=4) for f in (ds.batches, ds.pytorch))
    for _ in range(2):
        for a, t in zip(arrays, tensors, strict=True):
            assert np.array_equal(a["i"], t["i"].numpy())
            assert np.array_equal(a["e"], t["e"].numpy())


def test_changing_tensors_in_place_changes_no_later_epoch() -> None:
    ds = table({"e": "emb-300"}, {"e": np.ones((3_000, 300))})
    loader = ds.pytorch(100)
    for _ in range(3):
        kept = []
        for batch in loader:
            assert bool((batch["e"] == 1).all())
            batch["e"].div_(255)
            kept.append(batch["e"])
        assert all(bool((t < 1).all()) for t in kept)


def test_a_data_loader_hands_out_the_loaders_own_batches() -> None:
    ds = table({"n": "int", "t": "text"}, {"n": range(100), "t": [str(k) for k in range(100)]})
    loader = ds.pytorch(32, shuffle=True, seed=1)
    wrapped = torch.utils.data.DataLoader(ds.pytorch(32, shuffle=True, seed=1), batch_size=None)
    assert len(wrapped) == len(loader) == 4
    for _ in range(2):
        for ours, theirs in zip(loader, wrapped, strict=True):
            assert torch.equal(ours["n"], theirs["n"])
            assert ours["t"] == theirs["t"]


def test_a_worker_process_is_refused_with_the_way_out(tmp_path, monkeypatch) -> None:
    # torch waits 2 x 5 s for workers whose dataset raised, whoever's it is
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.1)
    ds = deeplake.create(str(tmp_path / "r"), schema={"n": "int"})
    ds.extend({"n": range(100)})
    ds.commit("rows")
    wrapped = torch.utils.data.DataLoader(ds.pytorch(32), batch_size=None, num_workers=2)
    with pytest.raises(StateError, match=r"worker \d of 2.*\n?.*num_workers=0"):
        list(wrapped)
    gc.collect()  # ends the workers now, not in another test


def test_a_dataset_is_a_map_dataset_with_workers(tmp_path) -> None:
    ds = deeplake.create(str(tmp_path / "r"), schema={"n": "int", "t": "text"})
    ds.extend({"n": range(64), "t": [str(k) for k in range(64)]})
    ds.commit("rows")
    wrapped = torch.utils.data.DataLoader(
        ds, batch_size=16, shuffle=True, num_workers=2, collate_fn=stack
    )
    for _ in range(2):
        found = list(wrapped)
        assert [len(batch["t"]) for batch in found] == [16] * 4
        assert torch.cat([batch["n"] for batch in found]).sort().values.tolist() == [*range(64)]


def stack(rows: list) -> dict:
    return {"n": torch.tensor([row["n"] for row in rows]), "t": [row["t"] for row in rows]}


def test_without_torch_the_way_out_is_named() -> None:
    program = """
import sys
sys.modules["torch"] = None
import deeplake
ds = deeplake.create("mem://x", schema={"n": "int"})
try:
    ds.pytorch(4)
except deeplake.errors.DependencyError as error:
    print(error)
assert list(ds.batches(4)) == []
"""
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'deeplake[torch]'" in out.stdout
    assert issubclass(DependencyError, ImportError)


def test_numpy_batches_need_no_torch() -> None:
    program = """
import sys, deeplake
ds = deeplake.create("mem://x", schema={"n": "int"})
ds.append({"n": 1}); ds.commit("one")
list(ds.batches(4, shuffle=True))
late = {"torch", "pyarrow", "PIL", "pandas", "concurrent.futures"} & set(sys.modules)
assert not late, late
"""
    subprocess.run([sys.executable, "-c", program], check=True)
