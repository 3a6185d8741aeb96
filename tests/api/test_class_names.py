"""Class labels: values are codes, as everywhere; what is printed has the names."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.errors import MergeConflictError, UniqueViolationError
from deeplake.storage.memory import MemoryStore

SCHEMA = {
    "label": 'class_label(cat, dog, "big cat")',
    "seen": "list<class_label(no, yes)>",
    "box": "struct<kind: class_label(face, hand), x: int>",
    "n": "int",
}


@pytest.fixture
def ds() -> deeplake.Dataset:
    """Two labelled rows and one of NULLs."""
    made = deeplake.create(MemoryStore(), schema=SCHEMA)
    box = {"kind": "hand", "x": 7}
    made.extend([{"label": "cat", "seen": ["yes", None], "box": box, "n": 1}, {"label": 1}, {}])
    made.commit("rows")
    return made


def test_a_diff_prints_the_names_of_labels(ds: deeplake.Dataset) -> None:
    ds.update({"label": "dog", "seen": ["no"], "box": {"kind": "face", "x": 7}}, rows=0)
    ds["label"][1] = "big cat"
    ds["label"][2] = "cat"
    ds.append({"label": "big cat", "n": 9})
    ds.commit("changed")
    for shown in (str(ds.diff("main~1")), repr(ds.diff("main~1").tables["data"])):
        assert "label: cat → dog" in shown
        assert "seen: ['yes', None] → ['no']" in shown
        assert "box: {'kind': 'hand', 'x': 7} → {'kind': 'face', 'x': 7}" in shown
        assert "label: dog → big cat" in shown
        assert "label: NULL → cat" in shown
        assert "label: big cat  seen: NULL" in shown


def test_the_values_of_a_diff_are_codes_in_python_and_arrow(ds: deeplake.Dataset) -> None:
    ds["label"][0] = "dog"
    (change,) = ds.diff()
    assert (change.old, change.new) == ({"label": 0}, {"label": 1})
    found = ds.diff().to_arrow()
    assert (found["old_label"].to_pylist(), found["new_label"].to_pylist()) == ([0], [1])


def test_each_side_of_a_diff_has_the_names_of_its_own_time(ds: deeplake.Dataset) -> None:
    ds.widen_column("label", 'class_label(cat, dog, "big cat", owl)')
    ds.commit("one more name")
    ds["label"][0] = "owl"
    ds.commit("an owl")
    assert "label: cat → owl" in str(ds.diff("main~2"))
    assert "label: owl → cat" in str(ds.diff("main", "main~2"))


def test_labels_of_a_renamed_column_are_told_by_name(ds: deeplake.Dataset) -> None:
    ds.rename_column("label", "kind")
    ds.commit("renamed")
    ds["kind"][0] = "dog"
    ds.commit("changed")
    assert "label → kind: cat → dog" in str(ds.diff("main~2"))


def test_conflicts_print_the_names_of_labels(ds: deeplake.Dataset) -> None:
    ds.branch("fix")
    ds["label"][0] = "dog"
    ds["label"][1] = "cat"
    ds.commit("there")
    ds.checkout("main")
    ds["label"][0] = "big cat"
    ds.delete(rows=[1])
    ds.commit("here")
    with pytest.raises(MergeConflictError):
        ds.merge("fix")
    cell, row = sorted(ds.conflicts(), key=lambda conflict: conflict.kind)
    assert "base 'cat', ours 'big cat', theirs 'dog'" in repr(cell)
    assert (cell.base, cell.ours, cell.theirs) == (0, 2, 1)
    assert "ours DELETED, theirs {'label': 'cat'}" in repr(row)
    assert row.theirs == {"label": 0}


def test_a_key_that_is_there_already_is_told_by_name() -> None:
    store = MemoryStore()
    ds = deeplake.create(store, schema={"k": "class_label(cat, dog) unique"})
    ds.append({"k": "dog"})
    ds.commit("a dog")
    with pytest.raises(UniqueViolationError, match="'dog' is there already"):
        ds.append({"k": 1})
