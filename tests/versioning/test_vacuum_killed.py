"""Vacuum where it is meant for: after killed writers on a disk, and on a bucket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import deeplake
from deeplake import settings
from deeplake.storage.local import LocalStore
from deeplake.testing.http_fake import HttpFake

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KILLS = 6
WRITER = """
import sys, deeplake
ds = deeplake.open(sys.argv[1])
while True:
    ds.extend({"n": list(range(40_000)), "blob": [b"%0100d" % n for n in range(40_000)]})
    print("staged", flush=True)
    ds.commit("forty thousand")
"""


def test_writers_killed_at_any_moment_leave_nothing_behind_a_vacuum(tmp_path: Path) -> None:
    url = str(tmp_path / "killed")
    deeplake.create(url, schema={"n": "int", "blob": "blob"})
    for kill in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, env=dict(os.environ)
        )
        assert writer.stdout is not None
        for _ in range(1 + kill % 3):
            assert writer.stdout.readline()
        time.sleep(0.004 * kill)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    store = LocalStore(url)
    db = deeplake.connect(url)
    assert db.verify().ok
    rows = len(deeplake.open(url))
    before = keys(store)
    freed = db.vacuum(0, no_writers=True)
    found = db.verify()
    assert found.ok
    assert found.objects == len(keys(store)), "all that is left is in use"
    gone, made = before - keys(store), keys(store) - before
    assert len(gone) == freed.kinds["packs"].objects + freed.kinds["commits"].objects
    assert all(key.startswith("gc/") for key in made), "its plan, and marks where slots went"
    assert db.vacuum(0, no_writers=True).objects == 0
    assert len(deeplake.open(url)) == rows
    assert rows % 40_000 == 0


def keys(store: LocalStore) -> set[str]:
    return {
        info.key for info in store.list("") if not info.key.startswith(("refs/hints/", "gc/clock"))
    }


def test_a_bucket_is_verified_and_vacuumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ANNOUNCED_S", -1.0)
    monkeypatch.setattr(settings, "PARENT_AGE_S_MAX", -1.0)
    with HttpFake() as fake:
        url, options = "s3://bucket/tidy", fake.storage_options("s3")
        ds = deeplake.create(url, schema={"blob": "blob"}, storage_options=options)
        big = [os.urandom(5000) for _ in range(200)]
        ds.extend({"blob": big})
        ds.commit("pinned, as if it were long")
        dead = deeplake.open(url, storage_options=options)
        dead.extend({"blob": big})
        transaction = dead._session.stand.open_transaction
        for draft in transaction._drafts.values():
            draft.builder.close()
        transaction._writer._store_all()
        db = deeplake.connect(url, storage_options=options)
        assert db.verify().ok
        assert db.vacuum().objects == 0
        freed = db.vacuum(0, no_writers=True)
        assert freed.kinds["packs"].objects == 1
        assert freed.kinds["notes"].objects == 1, "the pin"
        assert db.verify().ok
        assert deeplake.open(url, storage_options=options)["blob"][:] == big
