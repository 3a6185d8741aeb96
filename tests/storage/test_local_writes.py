"""The local store's writes: what is synced when, what failure and crashes leave behind."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

import deeplake
from deeplake.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    StoreError,
    StoreFullError,
    StorePermissionError,
    StoreUnavailableError,
)
from deeplake.storage import disk
from deeplake.storage.local import LocalStore

SLOT = "refs/heads/0/1"
ROOT_ONLY = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "repo")


@pytest.fixture
def calls(monkeypatch):
    """The calls that make a write durable, in order, with the file or folder they were for."""
    seen = []

    def spy(name, what):
        real = getattr(os, name)

        def called(*args, **kwargs):
            result = real(*args, **kwargs)
            seen.append((name, what(*args)))
            return result

        monkeypatch.setattr(os, name, called)

    spy("writev", lambda fd, parts: sum(map(len, parts)))
    spy("fdatasync", lambda fd: "data")
    spy("fsync", lambda fd: os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))
    spy("link", lambda source, target: os.path.basename(target))
    spy("replace", lambda source, target: os.path.basename(target))
    spy("mkdir", lambda folder, *_: os.path.basename(folder))
    return seen


def files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(at, name), folder)
        for at, _, names in os.walk(folder)
        for name in names
    )


def run_python(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


# --- durability ----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux's calls")
@pytest.mark.parametrize("nameless", [True, False])
def test_create_syncs_the_bytes_before_the_name_and_the_folder_after(store, calls, nameless):
    store._use_tmpfile = nameless
    store.create("refs/heads/0/1", [b"warm up: makes the folders"])
    calls.clear()
    store.create("refs/heads/0/2", [b"ab", b"c"])
    assert calls == [("writev", 3), ("fdatasync", "data"), ("link", "2"), ("fsync", "0")]


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux's calls")
def test_a_new_folder_is_synced_into_its_parent_up_to_above_the_root(store, calls):
    store.create("refs/heads/0/1", [b"a"])
    made = [call for call in calls if call[0] in {"mkdir", "fsync"}]
    parent = os.path.basename(os.path.dirname(store.root))
    assert made == [
        ("mkdir", "repo"),
        ("fsync", parent),
        ("mkdir", "refs"),
        ("fsync", "repo"),
        ("mkdir", "heads"),
        ("fsync", "refs"),
        ("mkdir", "0"),
        ("fsync", "heads"),
        ("fsync", "0"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux's calls")
def test_folders_that_another_process_made_are_synced_once(store, calls):
    os.makedirs(os.path.join(store.root, "refs", "heads", "0"))
    store.create("refs/heads/0/1", [b"a"])
    assert [what for name, what in calls if name == "fsync"][1:] == ["repo", "refs", "heads", "0"]
    calls.clear()
    store.create("refs/heads/0/2", [b"a"])
    assert [what for name, what in calls if name == "fsync"] == ["0"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts Linux's calls")
def test_put_syncs_only_if_durable(store, calls):
    store.put("packs/00/a", [b"1"])
    calls.clear()
    store.put("packs/00/b", [b"1"])
    assert calls == [
        ("writev", 1),
        ("fdatasync", "data"),
        ("replace", "b"),
        ("fsync", "00"),
    ]
    calls.clear()
    store.put("packs/00/b", [b"2"], durable=False)
    assert calls == [("writev", 1), ("replace", "b")]


def test_a_failed_folder_sync_is_an_unknown_outcome(store, monkeypatch):
    store.create(SLOT, [b"a"])

    def broken(fd):
        raise OSError(errno.EIO, "the disk is dying")

    monkeypatch.setattr(os, "fsync", broken)
    for nameless in (True, False):
        store._use_tmpfile = nameless
        with pytest.raises(StoreUnavailableError, match="power loss"):
            store.create(f"refs/heads/0/{nameless:d}-x", [b"b"])


# --- file systems that lack something ------------------------------------------------------


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
def test_without_nameless_files_create_still_works(store, monkeypatch, code):
    real = os.open

    def refuse(path, flags, *args, **kwargs):
        if flags == disk.TMPFILE_FLAGS:
            raise OSError(code, "not here")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    store.create(SLOT, [b"abc"])
    assert store.get(SLOT) == b"abc"
    with pytest.raises(ObjectExistsError):
        store.create(SLOT, [b"def"])
    assert files_below(store.root) == [SLOT]


@pytest.mark.skipif(not disk.HAS_TMPFILE, reason="needs O_TMPFILE")
def test_where_a_nameless_file_cannot_be_named_a_named_one_is_used(store, monkeypatch):
    real = os.link

    def refuse(source, target, **kwargs):
        if kwargs:
            raise OSError(errno.EXDEV, "no /proc in this sandbox")
        real(source, target)

    monkeypatch.setattr(os, "link", refuse)
    store.create(SLOT, [b"abc"])
    assert store.get(SLOT) == b"abc"
    assert not store._use_tmpfile
    assert files_below(store.root) == [SLOT]


def test_a_repeated_link_over_nfs_is_not_mistaken_for_another_writer(store, monkeypatch):
    store._use_tmpfile = False
    real = os.link

    def link_twice(source, target):
        real(source, target)
        real(source, target)  # the client repeats it because the first reply was lost

    monkeypatch.setattr(os, "link", link_twice)
    assert store.create(SLOT, [b"abc"]) == 3
    assert files_below(store.root) == [SLOT]


def test_short_writes_are_continued(store, monkeypatch):
    real = os.writev

    def seven_bytes(fd, views):
        return real(fd, [b"".join(views)[:7]])

    monkeypatch.setattr(os, "writev", seven_bytes)
    parts = [b"abc", b"", b"defghij", bytearray(b"klm")]
    assert store.create(SLOT, parts) == 13
    assert store.get(SLOT) == b"abcdefghijklm"


def test_short_reads_are_continued(store, monkeypatch):
    data = os.urandom(150_000)
    store.put("packs/00/a", [data])
    store.put("other/a", [data])
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, n, at: real(fd, min(n, 9_999), at))
    assert store.get("packs/00/a") == data
    assert store.get_range("other/a", 5, 120_000) == data[5:120_005]


def test_a_folder_removed_under_a_write_is_made_again(store, monkeypatch):
    store.create("refs/heads/0/1", [b"a"])
    folder = os.path.join(store.root, "refs")
    real_link, real_replace = os.link, os.replace
    removals = []

    def remove_once(kind):
        if kind not in removals:
            removals.append(kind)
            shutil.rmtree(folder)

    def link(*args, **kwargs):
        remove_once("link")
        real_link(*args, **kwargs)

    def replace(*args):
        remove_once("replace")
        real_replace(*args)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "replace", replace)
    store.create("refs/heads/0/2", [b"b"])
    assert store.get("refs/heads/0/2") == b"b"
    store.put("refs/hints/0", [b"c"])
    assert store.get("refs/hints/0") == b"c"
    assert removals == ["link", "replace"]


# --- failures ------------------------------------------------------------------------------


@ROOT_ONLY
@pytest.mark.parametrize("nameless", [True, False])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, nameless):
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(mount)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        store = LocalStore(mount / "repo")
        store._use_tmpfile = nameless
        store.create(SLOT, [b"small"])
        for write in (store.create, store.put):
            with pytest.raises(StoreFullError, match=r"space.*Free some"):
                write("packs/00/a", [b"x" * 300_000, b"y" * 300_000])
        assert files_below(store.root) == [SLOT]
        store.create("refs/heads/0/2", [b"x" * 300_000])
        assert store.get(SLOT) == b"small"
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs setrlimit")
def test_a_file_size_limit_is_said_and_leaves_nothing(store):
    code = """
import resource, sys
from deeplake.errors import StoreFullError
from deeplake.storage.local import LocalStore
store = LocalStore(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for write in (store.create, store.put):
    try:
        write("packs/00/a", [b"x" * 70_000, b"y" * 70_000])
    except StoreFullError:
        continue
    sys.exit(f"{write} succeeded")
"""
    ran = run_python(code, store.root)
    assert ran.returncode == 0, ran.stderr
    assert files_below(store.root) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_denied_access_is_said():
    store = LocalStore(os.path.join(tempfile.mkdtemp(), "repo"))  # pytest's own are private
    os.chmod(os.path.dirname(store.root), 0o755)
    store.create(SLOT, [b"secret"])
    code = """
import os, sys
from deeplake.errors import StorePermissionError
from deeplake.storage.local import LocalStore
store = LocalStore(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([]); os.setegid(65534); os.seteuid(65534)
for use in (
    lambda: store.get("refs/heads/0/1"),
    lambda: store.map("refs/heads/0/1"),
    lambda: store.create("refs/heads/0/2", [b"1"]),
    lambda: store.put("refs/heads/0/1", [b"1"]),
    lambda: store.delete(["refs/heads/0/1"]),
):
    try:
        use()
    except StorePermissionError as error:
        assert "permission" in str(error).lower(), error
    else:
        sys.exit("it was allowed")
"""
    folder = os.path.join(store.root, "refs", "heads", "0")
    os.chmod(os.path.join(folder, "1"), 0o000)
    for at in (folder, store.root):
        os.chmod(at, 0o555)
    try:
        ran = run_python(code, store.root)
    finally:
        for at in (folder, store.root):
            os.chmod(at, 0o755)
    assert ran.returncode == 0, ran.stderr
    assert files_below(store.root) == [SLOT]
    shutil.rmtree(os.path.dirname(store.root))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.EROFS, StorePermissionError),
        (errno.EACCES, StorePermissionError),
        (errno.EDQUOT, StoreFullError),
        (errno.ENOSPC, StoreFullError),
        (errno.EIO, StoreError),
        (errno.EMFILE, StoreError),
    ],
)
def test_what_the_system_says_becomes_an_error_of_ours(store, monkeypatch, code, expected):
    store.create(SLOT, [b"a"])

    def fail(fd):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fdatasync", fail)
    for nameless in (True, False):
        store._use_tmpfile = nameless
        for write in (store.create, store.put):
            with pytest.raises(expected) as caught:
                write("refs/heads/0/2", [b"b"])
            assert type(caught.value) is expected
    assert files_below(store.root) == [SLOT]


def test_a_file_where_a_folder_should_be_is_said(tmp_path):
    (tmp_path / "taken").write_text("I am a file")
    store = LocalStore(tmp_path / "taken")
    for write in (store.create, store.put):
        with pytest.raises(StoreError):
            write(SLOT, [b"a"])
    with pytest.raises(ObjectNotFoundError):
        store.get(SLOT)
    assert list(store.list("")) == []
    assert (tmp_path / "taken").read_text() == "I am a file"


# --- crashes -------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_writer_killed_half_way_leaves_the_old_object_and_a_hidden_file(store):
    store.put("packs/00/a", [b"old"])
    code = """
import os, sys
from deeplake.storage.local import LocalStore
def parts():
    for number in range(3_000):
        if number == 2_000:
            print("half", flush=True)
            sys.stdin.read()
        yield b"x" * 100
LocalStore(sys.argv[1]).put("packs/00/a", parts())
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", code, store.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait(20)
    assert store.get("packs/00/a") == b"old"
    assert [found.key for found in store.list("")] == ["packs/00/a"]
    leftovers = [name for name in files_below(store.root) if name.startswith("tmp")]
    assert len(leftovers) == 1
    assert store.sweep(older_than_s=3_600) == 0, "it might still be written"
    assert store.sweep(older_than_s=0) == 1
    assert files_below(store.root) == ["packs/00/a"]


def test_the_first_write_sweeps_what_died_over_a_day_ago(store):
    store.put("packs/00/a", [b"1"])
    names = ("4d2-00000000000000aa", "4d2-00000000000000ab")
    old, young = (os.path.join(store.root, "tmp", name) for name in names)
    for path in (old, young):
        with open(path, "wb") as file:
            file.write(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    LocalStore(store.root).get("packs/00/a")
    assert os.path.exists(old), "reading removes nothing"
    LocalStore(store.root).create(SLOT, [b"1"])
    assert not os.path.exists(old)
    assert os.path.exists(young)


def test_a_sweep_leaves_alone_what_no_writer_of_ours_made(tmp_path):
    folder = tmp_path / "tmp"  # as many projects have one, and the root of every machine
    folder.mkdir()
    theirs = [folder / name for name in ("notes.txt", "a-b", "4d2-00000000000000a", "core")]
    theirs += [folder / "4d2-00000000000000AA", folder / "x4d2-00000000000000aa", folder / "-"]
    for path in theirs:
        path.write_text("theirs")
    (folder / "4d2-00000000000000ac").mkdir()
    (folder / "4d2-00000000000000ad").symlink_to(folder / "nowhere")
    for path in folder.iterdir():
        os.utime(path, (time.time() - 90_000,) * 2, follow_symlinks=False)
    before = sorted(os.listdir(folder))
    ds = deeplake.create(str(tmp_path), schema={"n": "int"})
    ds.append({"n": 1})
    ds.commit("one")
    assert LocalStore(str(tmp_path)).sweep(0) == 0
    deeplake.delete(str(tmp_path))
    assert sorted(os.listdir(folder)) == before
