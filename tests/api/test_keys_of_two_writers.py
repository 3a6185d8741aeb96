"""Keys that two writers give to two rows: one of them is refused, whatever the order."""

from __future__ import annotations

import pytest

import deeplake
from deeplake import errors

URL = "mem://two-writers"


@pytest.fixture
def pair():
    if deeplake.exists(URL):
        deeplake.delete(URL)
    ds = deeplake.create(URL, schema={"id": "int primary_key", "mail": "text unique", "n": "int"})
    ds.extend([{"id": k, "mail": f"{k}@x", "n": k} for k in range(50)])
    ds.commit("rows")
    return deeplake.open(URL), deeplake.open(URL)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda d: d.append({"id": 99, "mail": "a"}), lambda d: d.append({"id": 99, "mail": "b"})),
        (lambda d: d.append({"id": 98, "mail": "a"}), lambda d: d.append({"id": 99, "mail": "a"})),
        (lambda d: d["id"].__setitem__(3, 99), lambda d: d.append({"id": 99, "mail": "b"})),
        (lambda d: d.append({"id": 99, "mail": "a"}), lambda d: d["id"].__setitem__(3, 99)),
        (lambda d: d["mail"].__setitem__(3, "z"), lambda d: d["mail"].__setitem__(4, "z")),
    ],
)
def test_the_second_of_two_equal_keys_is_refused(pair, first, second):
    ours, theirs = pair
    first(ours)
    second(theirs)
    ours.commit("first")
    with pytest.raises(errors.CommitConflictError, match="same keys"):
        theirs.commit("second")
    theirs.rollback()
    assert deeplake.open(URL).commit_id == ours.commit_id


def test_other_keys_and_freed_keys_are_no_conflict(pair):
    ours, theirs = pair
    ours.append({"id": 98, "mail": "a"})
    theirs.append({"id": 99, "mail": None})
    ours.append({"id": 97, "mail": None})
    ours["n"][3] = 30
    theirs.delete(rows=[4])
    theirs.append({"id": 4, "mail": "4@x"})
    ours.commit("first")
    theirs.commit("second")
    ds = deeplake.open(URL)
    assert sorted(ds["id"][:].tolist()) == [*range(50), 97, 98, 99]
