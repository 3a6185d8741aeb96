"""The local store: racing processes, forks, shared maps, and the folder it lives in."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from deeplake.errors import TruncatedObjectError
from deeplake.storage.local import LocalStore

SLOT = "refs/heads/0/1"


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "repo")


def files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(at, name), folder)
        for at, _, names in os.walk(folder)
        for name in names
    )


# --- processes -----------------------------------------------------------------------------


def test_of_8_racing_processes_exactly_one_creates_each_key(store):
    code = """
import sys
from deeplake.errors import ObjectExistsError
from deeplake.storage.local import LocalStore
store, me = LocalStore(sys.argv[1]), sys.argv[2]
store._use_tmpfile = me in "0246" and store._use_tmpfile
print("ready", flush=True)
sys.stdin.readline()
for slot in range(60):
    try:
        store.create(f"refs/heads/0/{slot}", [me.encode() * 2_000])
        print(slot)
    except ObjectExistsError:
        pass
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, store.root, str(me)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in range(8)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    won = [(int(slot), me) for me, w in enumerate(writers) for slot in w.communicate()[0].split()]
    assert sorted(slot for slot, _ in won) == list(range(60)), "one winner per slot"
    for slot, me in won:
        assert store.get(f"refs/heads/0/{slot}") == str(me).encode() * 2_000
    assert not [name for name in files_below(store.root) if name.startswith("tmp")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_reads_and_writes(store):
    store.put("packs/00/a", [b"0123456789"])
    view = store.get_range("packs/00/a", 2, 3)
    child = os.fork()
    if child == 0:
        good = bytes(view) == b"234" and store.get("packs/00/a", 4) == b"0123"
        store.create(SLOT, [b"from the child"])
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get(SLOT) == b"from the child"


def test_a_store_travels_to_another_process(store):
    store.create(SLOT, [b"a"])
    assert pickle.loads(pickle.dumps(store)).get(SLOT) == b"a"


# --- maps ----------------------------------------------------------------------------------


def test_maps_are_bounded_and_views_outlive_them(store):
    store._maps_max = 2
    bodies = {f"packs/00/{name}": name.encode() * 5_000 for name in "abcde"}
    for key, body in bodies.items():
        store.put(key, [body])
    views = {key: store.get_range(key, 1_000, 3_000) for key in bodies}
    assert len(store._maps) == 2
    store.delete(list(bodies)[:2])
    store.close()
    assert all(bytes(view) == bodies[key][1_000:4_000] for key, view in views.items())


def test_the_map_used_last_is_kept(store):
    store._maps_max = 2
    for name in "abc":
        store.put(f"packs/00/{name}", [b"1"])
    for name in ("a", "b", "a", "c"):
        store.get_range(f"packs/00/{name}", 0, 1)
    assert set(store._maps) == {"packs/00/a", "packs/00/c"}


def test_ranges_of_a_pack_share_memory_with_its_map(store):
    store.put("packs/00/a", [bytes(range(100))])
    assert np.shares_memory(store.map("packs/00/a"), store.get_range("packs/00/a", 5, 10))


def test_a_pack_cut_short_is_a_truncated_object(store):
    store.put("packs/00/a", [b"0123456789"])
    os.truncate(os.path.join(store.root, "packs/00/a"), 4)
    with pytest.raises(TruncatedObjectError, match=r"packs/00/a.*has 4"):
        store.get_range("packs/00/a", 2, 5)
    os.truncate(os.path.join(store.root, "packs/00/a"), 0)
    with pytest.raises(TruncatedObjectError, match="has 0"):
        LocalStore(store.root).get_range("packs/00/a", 0, 1)


# --- the folder ----------------------------------------------------------------------------


def test_files_that_are_no_objects_are_not_listed(store):
    store.create("refs/heads/0/1", [b"a"])
    for name in ("README.md", ".DS_Store", "refs/heads/0/Ünì", "refs/heads/0/1 copy"):
        with open(os.path.join(store.root, name), "w") as file:
            file.write("not ours")
    assert [found.key for found in store.list("")] == ["refs/heads/0/1"]


def test_deleting_the_last_object_removes_the_folders(store):
    store.create("refs/heads/0/1", [b"a"])
    store.put("packs/00/a", [b"a"])
    store.delete(["refs/heads/0/1"])
    assert os.listdir(store.root) == ["packs"]
    store.delete(["packs/00/a"])
    assert not os.path.exists(store.root)
    store.create("refs/heads/0/1", [b"again"])
    assert store.get("refs/heads/0/1") == b"again"


def test_a_folder_with_other_files_stays(store):
    store.create("a", [b"a"])
    with open(os.path.join(store.root, "NOTES"), "w") as file:
        file.write("mine")
    store.delete(["a"])
    assert os.listdir(store.root) == ["NOTES"]


def test_new_files_obey_the_umask(store):
    before = os.umask(0o027)
    try:
        store.create(SLOT, [b"a"])
        store.put("packs/00/a", [b"a"])
    finally:
        os.umask(before)
    for key in (SLOT, "packs/00/a"):
        assert os.stat(os.path.join(store.root, key)).st_mode & 0o777 == 0o640
