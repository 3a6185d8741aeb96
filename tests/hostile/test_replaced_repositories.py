"""A handle whose repository was deleted, or deleted and made anew, behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake.errors import ClosedError, DeeplakeError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_commit_never_lands_in_a_repository_made_anew(tmp_path: Path) -> None:
    old = deeplake.create(tmp_path / "r", schema={"a": "int"})
    for n in range(4):
        old.append({"a": n})
        old.commit()
    deeplake.delete(tmp_path / "r")
    new = deeplake.create(tmp_path / "r", schema={"a": "int"})
    old.append({"a": 4})
    with pytest.raises(ClosedError, match="replaced"):
        old.commit()
    for n in range(8):
        new.append({"a": 100 + n})
        new.commit()
    assert deeplake.open(tmp_path / "r")["a"][:].tolist() == [100 + n for n in range(8)]


def test_a_commit_into_a_deleted_repository_is_refused(tmp_path: Path) -> None:
    empty = deeplake.create(tmp_path / "r")
    full = deeplake.create(tmp_path / "s", schema={"a": "int"})
    for ds, place in ((empty, "r"), (full, "s")):
        ds.append({"a": 1})
        deeplake.delete(tmp_path / place)
        with pytest.raises(ClosedError, match="deleted"):
            ds.commit()
        assert not deeplake.exists(tmp_path / place)
        assert ds["a"][:].tolist() == [1]


def test_reading_a_deleted_repository_names_what_is_gone(tmp_path: Path) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int"})
    ds.append({"a": 1})
    ds.commit()
    again = deeplake.open(tmp_path / "r")
    deeplake.delete(tmp_path / "r")
    for call in (lambda: again["a"][0], again.refresh, again.log, lambda: again.tag("t")):
        try:
            call()
        except DeeplakeError as error:
            assert "refs/heads" in str(error) or "commit" in str(error)
