"""Bytes that changed after they were written: an error that names the object, never wrong data.

Every object of a small repository is damaged in turn, a bit or a cut at a time, and everything is
read back by a new handle.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import (
    ChecksumError,
    DamageError,
    DeeplakeError,
    FormatVersionError,
    RefNotFoundError,
    TruncatedObjectError,
)

COUNT = 60


def rows(first: int, count: int) -> dict[str, list]:
    numbers = range(first, first + count)
    return {
        "n": [None if n % 11 == 5 else n for n in numbers],
        "t": [f"text number {n} " * 3 for n in numbers],
        "b": [bytes([n % 251]) * (n % 40) for n in numbers],
        "v": [np.full(4, n, np.float32) for n in numbers],
    }


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> Path:
    """Inline commits, a commit in packs, a large object, a tree node, a branch, a tag."""
    place = tmp_path_factory.mktemp("damage") / "r"
    patch = pytest.MonkeyPatch()
    patch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 2048)
    patch.setattr(settings, "MEDIA_OBJECT_BYTES", 600)
    patch.setattr(settings, "FANOUT", 4)
    schema = {"n": "int", "t": "text", "b": "blob", "v": "emb-4"}
    ds = deeplake.create(place, schema=schema, optimize="off")
    for n in range(8):
        ds.extend(rows(n, 1))
        ds.commit(f"row {n}")
    packed = rows(8, COUNT - 8)
    packed["b"][3] = bytes(range(256)) * 3
    ds.extend(packed)
    ds.commit("packs")
    for n in range(COUNT, COUNT + 8):
        ds.extend(rows(n, 1))
        ds.commit(f"row {n}")
    ds.tag("v1")
    ds.branch("dev")
    ds.extend(rows(COUNT + 8, 1))
    ds.commit("on dev")
    patch.undo()
    return place


class Content(NamedTuple):
    """Everything that can be read."""

    rows: list
    picks: list
    dev: list
    tagged: int
    messages: list[str]
    refs: object


def read(place: Path) -> Content:
    """By slice, by list and one by one, at main, a branch and a tag."""
    ds, dev, tagged = (deeplake.open(place, at=at) for at in ("main", "dev", "v1"))
    one_by_one = [[plain(ds[name][n]) for n in range(len(ds))] for name in ds.schema]
    picks = list(range(0, len(ds), 7))[::-1]
    return Content(
        one_by_one,
        [[plain(v) for v in ds[name][picks]] for name in ds.schema],
        [[plain(v) for v in dev[name][:]] for name in dev.schema],
        tagged["n"][-1],
        [commit.message for commit in dev.log(all=True)],
        (ds.branches(), ds.tags()),
    )


def plain(value: object) -> object:
    if value is np.ma.masked:
        return None
    return value.tolist() if hasattr(value, "tolist") else value


KINDS = {
    "repository": "repo.json",
    "branch name": "refs/names/",
    "tag": "refs/tags/",
    "commit": "refs/heads/",
    "pack": "packs/",
    "claim of row ids": "ids/",
    "hint": "refs/hints/",
}


def objects(place: Path, kind: str) -> list[Path]:
    found = [path for path in place.rglob("*") if path.is_file()]
    return sorted(p for p in found if p.relative_to(place).as_posix().startswith(KINDS[kind]))


def test_the_repository_has_objects_of_every_kind(healthy):
    assert {kind: len(objects(healthy, kind)) for kind in KINDS} == {
        "repository": 1,
        "branch name": 1,
        "tag": 1,
        "commit": 19,
        "pack": 3,
        "claim of row ids": 1,
        "hint": 1,
    }
    slots = b"".join(path.read_bytes() for path in objects(healthy, "commit"))
    assert b"DLTR" in slots
    found = read(healthy)
    assert len(found.rows[0]) == COUNT + 8
    assert [column[:-1] for column in found.dev] == found.rows


def damaged_copies(
    healthy: Path, tmp_path: Path, kind: str, damages: Callable[[bytes], Iterator[bytes]]
) -> Iterator[tuple[Path, str]]:
    """A copy of the repository per damage to an object of that kind, and the object's key."""
    place = tmp_path / "copy"
    shutil.copytree(healthy, place)
    for path in objects(place, kind):
        raw = path.read_bytes()
        for body in damages(raw):
            path.write_bytes(body)
            yield place, path.relative_to(place).as_posix()
        path.write_bytes(raw)


def bits(raw: bytes) -> Iterator[bytes]:
    """One flipped bit at a time: the first 64 bytes, the last, and some between."""
    rng = np.random.default_rng(len(raw))
    places = {*range(0, min(64, len(raw)), 3), len(raw) - 1}
    places |= set(rng.integers(0, len(raw), 12).tolist())
    for at in sorted(places):
        body = bytearray(raw)
        body[at] ^= 1 << (at % 8)
        yield bytes(body)


def cuts(raw: bytes) -> Iterator[bytes]:
    for length in sorted({0, 1, 31, 33, len(raw) // 3, len(raw) // 2, len(raw) - 1}):
        if length < len(raw):
            yield raw[:length]


@pytest.mark.parametrize("damages", [bits, cuts], ids=["a flipped bit", "a cut"])
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_reported_with_the_object_and_never_read(healthy, tmp_path, kind, damages):
    wanted = read(healthy)
    reported = harmless = 0
    for place, key in damaged_copies(healthy, tmp_path, kind, damages):
        try:
            found = read(place)
        except DeeplakeError as error:
            assert isinstance(error, DamageError | FormatVersionError), repr(error)
            assert key in str(error), f"{key}: {error}"
            reported += 1
        else:
            assert found == wanted, f"{key}: wrong data"
            harmless += 1
    if kind in {"hint", "claim of row ids"}:
        assert reported == 0  # a hint costs probes at most, a claim is only ever created
    elif kind in {"pack", "commit"}:
        assert reported > 10 * harmless  # gaps between frames hold nothing
    else:
        assert harmless == 0
    assert reported + harmless >= 4


def test_a_damaged_cell_leaves_the_others_readable(tmp_path):
    place = tmp_path / "r"
    ds = deeplake.create(place, schema={"b": "blob"})
    ds.extend({"b": [bytes([n]) * 4000 for n in range(100)]})
    ds.commit()
    (pack,) = (place / "packs").rglob("*/*")
    body = bytearray(pack.read_bytes())
    body[body.index(b"\x07" * 4000) + 5] ^= 1
    pack.write_bytes(body)
    found = deeplake.open(place)
    assert found["b"][6] == b"\x06" * 4000
    for way in (
        lambda: found["b"][7],
        lambda: found["b"].encoded[7],
        lambda: found["b"][[1, 7]],
        lambda: found["b"][:],
        lambda: found[7],
        lambda: list(found),
    ):
        with pytest.raises(
            ChecksumError, match=rf"row 7 of the frame at byte 0 of packs/.*{pack.name}"
        ):
            way()


def test_a_pack_that_is_cut_short_is_named(tmp_path):
    place = tmp_path / "r"
    ds = deeplake.create(place, schema={"v": "emb-64"})
    ds.extend({"v": np.ones((3000, 64), np.float32)})
    ds.commit()
    (pack,) = (place / "packs").rglob("*/*")
    body = pack.read_bytes()
    pack.write_bytes(body[:-10])
    with pytest.raises(TruncatedObjectError, match=pack.name):
        deeplake.open(place)["v"][0]


def test_objects_that_changed_places_are_found_out(healthy, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(healthy, place)
    (first, second, *_) = objects(place, "commit")
    body = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(DamageError, match="belongs elsewhere"):
        deeplake.open(place).log(all=True)
    first.write_bytes(body)
    packs = objects(place, "pack")
    bodies = [path.read_bytes() for path in packs]
    for path, body in zip(packs, bodies[1:] + bodies[:1], strict=True):
        path.write_bytes(body)
    with pytest.raises(DamageError, match="packs/"):
        deeplake.open(place)["v"][:]


def test_nothing_is_written_over_a_damaged_head(healthy, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(healthy, place)
    newest = objects(place, "commit")[17]
    body = bytearray(newest.read_bytes())
    body[100] ^= 1
    newest.write_bytes(body)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    for way in (
        lambda: deeplake.open(place),
        lambda: deeplake.create(place, schema={"n": "int"}, exist_ok=True),
        lambda: deeplake.connect(place).create_table("x", {"n": "int"}),
    ):
        with pytest.raises(DamageError, match=newest.name):
            way()
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == before
    assert len(deeplake.open(place, at="dev")) == COUNT + 9, "dev does not need that slot"


def test_a_commit_that_is_gone_is_missed(healthy, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(healthy, place)
    first_id = deeplake.open(place).log(all=True)[-1].id
    objects(place, "commit")[0].unlink()
    with pytest.raises((RefNotFoundError, DamageError)):
        deeplake.open(place, at=first_id)
