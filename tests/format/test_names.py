"""Keys: any name survives its escape, and no name can mean another file anywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import InvalidNameError, MalformedObjectError, RefNotFoundError
from deeplake.format import keys

NAMES = st.text(st.characters(exclude_categories=["Cs"]))
DEVICES = ["con", "prn", "aux", "nul", "com1", "lpt9", "com0"]


@given(NAMES | st.sampled_from(DEVICES))
def test_a_name_survives_its_escape(name):
    segment = keys.escape(name)
    assert re.fullmatch(r"[a-z0-9_=-]*", segment)
    assert keys.unescape(segment) == name


@given(st.text(), st.text("=abcf0129Z"))
def test_only_what_escape_writes_is_unescaped(text, near):
    for segment in (text, near):
        try:
            name = keys.unescape(segment)
        except MalformedObjectError:
            continue
        assert keys.escape(name) == segment


@pytest.mark.parametrize("device", DEVICES)
def test_no_segment_is_a_device_of_windows(device):
    assert keys.escape(device) == f"={ord(device[0]):02x}{device[1:]}"
    with pytest.raises(MalformedObjectError):
        keys.unescape(device)


def test_names_that_differ_in_case_have_keys_that_differ_without_it():
    assert keys.escape("Main").lower() != keys.escape("main").lower()


def test_a_name_that_no_file_system_could_hold_is_refused():
    assert keys.check_name("ж" * 40, "branch")
    with pytest.raises(InvalidNameError, match="240"):
        keys.check_name("ж" * 41, "branch")
    assert keys.check_name("ж" * 41, "table")  # no key is made of it
    with pytest.raises(InvalidNameError, match="200"):
        keys.check_name("x" * 201, "table")


@pytest.mark.parametrize(
    "name",
    ["", " a", "a ", "a/", "/a", "-a", ".a", "a..b", "a//b", "a~1", "tag:a", "a\n", "a\0", "\ud800",
     7, None],
)  # fmt: skip
def test_names_that_mean_something_else_are_refused(name):
    with pytest.raises(InvalidNameError):
        keys.check_name(name, "branch")


def test_a_lone_surrogate_is_no_key():
    with pytest.raises(InvalidNameError):
        keys.name_key("\ud800", 0)


@given(st.integers(0, (1 << 48) - 1), st.integers(1, (1 << 63) - 1), st.integers(0, (1 << 64) - 1))
def test_a_commit_id_survives_its_text_and_names_its_slot(branch, sequence, nonce):
    commit = keys.CommitId(branch, sequence, nonce)
    assert keys.parse_commit_id(str(commit)) == commit
    assert commit.slot == f"refs/heads/{branch:012x}/{sequence:016x}"


@given(st.text("0123456789abcdefx-", max_size=40) | st.text())
def test_other_text_is_no_commit(text):
    try:
        commit = keys.parse_commit_id(text)
    except RefNotFoundError:
        return
    assert len(commit.slot) == len("refs/heads/") + 12 + 1 + 16


def test_numbered_keys_have_fixed_widths():
    assert keys.name_key("main", 1) == "refs/names/main/00000001"
    assert keys.tag_key("v1.0", 0) == "refs/tags/v1=2e0/00000000"
    assert keys.hint_key("main") == "refs/hints/main"
    assert keys.allocator_key(0x1C0FFEE) == "ids/1c0ffee"
