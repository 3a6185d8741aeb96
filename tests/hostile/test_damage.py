"""Random damage to any object of a repository: the right value, or an error that is ours.

Never another value, another exception, a hang or an allocation the damage asks for.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake import settings
from deeplake.errors import DeeplakeError
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = {
    "n": "int",
    "e": "emb-8",
    "b": "blob",
    "t": "text",
    "l": "list<text>",
    "s": "struct<a:int,b:list<blob>>",
    "f": "float32[*,*]",
    "j": "json",
    "i": "image",
}
KEYS: list[Any] = [0, 100, -1, slice(0, 6), slice(100, 300, 3), [3, 405, 1, 200]]


def row(n: int) -> dict[str, Any]:
    return {
        "n": n if n % 7 else None,
        "e": np.full(8, n, np.float32),
        "b": bytes([n % 251]) * (20 if n % 11 else 6000),
        "t": f"text {n} " * (3 + n % 5),
        "l": [f"x{n}"] * (n % 3),
        "s": {"a": n, "b": [b"q" * (n % 4)]},
        "f": np.full((1 + n % 2, 2), n, np.float32),
        "j": {"k": n},
        "i": np.full((2, 2, 3), n % 251, np.uint8) if n % 50 == 0 else None,
    }


def repository() -> MemoryStore:
    """Slots with rows in them, packs, large objects, tree nodes, a branch, a tag, hints."""
    store = MemoryStore()
    ds = deeplake.create(store, schema=SCHEMA)
    at = 0
    for count in (1, 2, 400, 1, 3):
        ds.extend([row(n) for n in range(at, at + count)])
        ds.commit(f"{count} rows")
        at += count
    ds.branch("dev")
    for n in range(at, at + 34):
        ds.append(row(n))
        ds.commit()
    ds.tag("v1")
    return store


def plain(value: Any) -> Any:
    """Something that compares by value."""
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def reads(ds: deeplake.Dataset) -> dict[Any, Any]:
    """What can be asked of a handle: name -> call."""
    found: dict[Any, Any] = {(c, str(k)): lambda c=c, k=k: ds[c][k] for c in SCHEMA for k in KEYS}
    found["length"] = lambda: len(ds)
    found["log"] = lambda: [commit.message for commit in ds.log()]
    found["tags"] = lambda: sorted(ds.tags())
    found["branches"] = ds.branches
    found["summary"] = lambda: str(ds.summary())
    return found


def hurt(data: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """One kind of damage."""
    at, kind = draw.randrange(max(len(data), 1)), draw.randrange(5)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes(len(data[at : at + 64])) + data[at + 64 :]
    if kind == 2:
        return draw.choice([data + b"more", draw.choice(others), b""])
    flipped = bytearray(data or b"\0")
    flipped[at] ^= 1 << draw.randrange(8)
    return bytes(flipped)


@pytest.mark.parametrize("remote", [False, True], ids=["local", "remote"])
def test_damage_anywhere_is_an_error_of_ours_or_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, *, remote: bool
) -> None:
    monkeypatch.setattr(settings, "MEDIA_OBJECT_BYTES", 5000)
    monkeypatch.setattr(settings, "SLOT_PAYLOAD_BYTES_MAX", 3000)
    whole = repository()
    truth = {
        at: {label: plain(call()) for label, call in reads(deeplake.open(whole, at=at)).items()}
        for at in ("main", "v1")
    }
    objects = {key: whole.get(key) for key in whole._objects}
    draw = random.Random(int(remote))
    refused = 0
    for _ in range(80 if remote else 250):
        store = MemoryStore()
        for key, data in objects.items():
            store.put(key, [data])
        key = draw.choice(sorted(objects))
        store.put(key, [hurt(objects[key], draw, list(objects.values()))])
        at = draw.choice(sorted(truth))
        try:
            ds = deeplake.open(TracingStore(store, remote=True) if remote else store, at=at)
        except DeeplakeError:
            refused += 1
            continue
        calls = reads(ds)
        for label in draw.sample(list(calls), 12):
            try:
                value = plain(calls[label]())
            except DeeplakeError as error:
                refused += 1
                assert str(error)
            else:
                assert value == truth[at][label], f"{label} after damage to {key}"
    assert refused > 10


@pytest.mark.parametrize(
    "hint", [b"", b"\xff\xfe", b"0 zz", b"0 -5", b"0 ffffffffffffffff", b"0 1f4", b"9 1", b"1 2 3"]
)
def test_a_hint_of_garbage_and_files_of_others_change_nothing(tmp_path: Path, hint: bytes) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int"})
    for n in range(20):
        ds.append({"a": n})
        ds.commit()
    ds.branch("dev", switch=False)
    refs = tmp_path / "r" / "refs"
    (refs / "hints" / "main").write_bytes(hint)
    (refs / "heads" / "000000000000" / "0000000000000003.bak").write_bytes(b"x")
    (refs / "names" / "desktop.ini").write_bytes(b"x")
    again = deeplake.open(tmp_path / "r")
    assert again["a"][:].tolist() == list(range(20))
    assert again.branches() == ["dev", "main"]
