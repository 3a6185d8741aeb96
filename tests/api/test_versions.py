"""Branches, tags, history and time travel through a dataset handle."""

from __future__ import annotations

import datetime as dt

import pytest

import deeplake
from deeplake.errors import InputError, RefExistsError, RefNotFoundError
from deeplake.format.keys import tag_key
from deeplake.format.sealed import seal


@pytest.fixture
def ds(url):
    """Commits with one, two and three rows on main."""
    ds = deeplake.create(url, schema={"n": "int"})
    for n in range(1, 4):
        ds.append({"n": n})
        ds.commit(f"row {n}")
    return ds


def test_the_log_is_newest_first_and_folds_what_is_automatic(ds):
    assert [commit.message for commit in ds.log()] == ["row 3", "row 2", "row 1"]
    everything = ds.log(all=True)
    assert everything[-1].automatic
    assert everything[-1].parents == ()
    assert [c.parents for c in everything[:-1]] == [(c.id,) for c in everything[1:]]
    assert [commit.message for commit in ds.log(2)] == ["row 3", "row 2"]
    assert ds.log(0) == []


def test_times_grow_along_a_branch(ds):
    times = [commit.time for commit in ds.log(all=True)]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == len(times)


def test_a_branch_begins_where_its_handle_stands(ds, url):
    assert ds.branch("dev") == "dev"
    assert ds.branch_name == "dev"
    ds.append({"n": 4})
    ds.commit("on dev")
    assert len(deeplake.open(url)) == 3
    assert len(deeplake.open(url, at="dev")) == 4
    assert ds.branches() == ["dev", "main"]


def test_a_branch_may_be_made_without_moving_there(ds):
    ds.branch("later", switch=False)
    assert ds.branch_name == "main"


def test_a_branch_may_begin_anywhere(ds, url):
    ds.branch("old", at="main~2", switch=False)
    ds.branch("older", at=ds.log()[1].id, switch=False)
    assert len(deeplake.open(url, at="old")) == 1
    assert len(deeplake.open(url, at="older")) == 2


def test_a_branch_of_a_branch_has_the_history_of_both(ds, url):
    ds.branch("a")
    ds.append({"n": 4})
    ds.commit("on a")
    ds.branch("b")
    ds.append({"n": 5})
    ds.commit("on b")
    found = deeplake.open(url, at="b")
    assert [c.message for c in found.log()] == ["on b", "on a", "row 3", "row 2", "row 1"]
    assert found["n"][:].tolist() == [1, 2, 3, 4, 5]


def test_checkout_moves_to_branches_tags_and_commits(ds):
    ds.tag("v1", at="main~1")
    ds.branch("dev")
    ds.checkout("main")
    assert ds.branch_name == "main"
    ds.checkout("v1")
    assert (len(ds), ds.branch_name) == (2, None)
    ds.checkout("main~2")
    assert (len(ds), ds.branch_name) == (1, None)
    ds.checkout("dev")
    assert (len(ds), ds.branch_name) == (3, "dev")


def test_columns_held_across_a_checkout_read_the_new_place(ds):
    column = ds["n"]
    assert column[-1] == 3
    ds.checkout("main~1")
    assert column[-1] == 2
    assert len(column) == 2


def test_a_tag_names_a_commit_for_good(ds, url):
    assert ds.tag("v1") == "v1"
    ds.append({"n": 4})
    ds.commit("after the tag")
    assert len(deeplake.open(url, at="v1")) == 3
    assert ds.tags() == {"v1": ds.log()[1].id}


def test_a_branch_and_a_tag_do_not_take_each_others_names(ds):
    ds.tag("v1")
    ds.branch("dev", switch=False)
    with pytest.raises(RefExistsError, match="a tag named 'v1' exists already"):
        ds.branch("v1")
    for name in ("dev", "main"):
        with pytest.raises(RefExistsError, match=f"a branch named '{name}' exists already"):
            ds.tag(name)
    assert (ds.branches(), list(ds.tags())) == (["dev", "main"], ["v1"])
    assert ds.branch_name == "main"


def test_a_tag_and_a_branch_that_came_to_one_name_are_told_apart(ds, url):
    """Two processes at once may make them: the names lie apart."""
    ds.branch("same", switch=False)
    store, commit = ds._session.repository.store, ds.log()[2].id
    store.create(tag_key("same", 0), [seal({"commit": commit})])
    assert len(deeplake.open(url, at="same")) == 3
    assert len(deeplake.open(url, at="tag:same")) == 1
    assert len(deeplake.open(url, at="tag:same~0")) == 1


PLACES = {
    "branch": lambda ds: ("main", 3),
    "tag": lambda ds: ("v1", 2),
    "explicit tag": lambda ds: ("tag:v1", 2),
    "commit": lambda ds: (ds.log()[2].id, 1),
    "parent": lambda ds: ("main~", 2),
    "ancestor": lambda ds: ("main~2", 1),
    "ancestor of a tag": lambda ds: ("v1~1", 1),
    "ancestor of a commit": lambda ds: (f"{ds.log()[0].id}~2", 1),
    "commit of the log": lambda ds: (ds.log()[1], 2),
    "begin of a commit id": lambda ds: (ds.log()[1].id.rpartition("-")[0], 2),
    "more of a commit id": lambda ds: (ds.log()[1].id[:-5], 2),
    "ancestor of a begin": lambda ds: (f"{ds.log()[0].id[:-16]}~2", 1),
    "time": lambda ds: (ds.log()[1].time, 2),
    "just before": lambda ds: (ds.log()[1].time - dt.timedelta(microseconds=1), 1),
    "now": lambda ds: (dt.datetime.now(dt.UTC) + dt.timedelta(days=1), 3),
    "local time": lambda ds: (ds.log()[1].time.astimezone().replace(tzinfo=None), 2),
    "another zone": lambda ds: (
        ds.log()[1].time.astimezone(dt.timezone(dt.timedelta(hours=-7))),
        2,
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_table_opens_as_of(ds, url, place):
    ds.tag("v1", at="main~1")
    at, count = PLACES[place](ds)
    found = deeplake.open(url, at=at)
    assert found["n"][:].tolist() == list(range(1, count + 1))
    assert found.branch_name == ("main" if place == "branch" else None)


NO_COMMIT = ["0-99", "0-0", "00-1", "7-1-00", "0-9-0123456789abcdef", "main~4"]
NOWHERE = [*NO_COMMIT, "mian", "tag:main", "", "a..b", "\ud800", "é" * 200]
LONG_AGO = dt.datetime(1999, 1, 1)


@pytest.mark.parametrize("at", [*NOWHERE, LONG_AGO, dt.datetime.min, None, 5, b"main"], ids=ascii)
def test_a_place_that_is_not_there_is_named(ds, url, at):
    for way in (lambda: deeplake.open(url, at=at), lambda: ds.checkout(at)):
        with pytest.raises(RefNotFoundError) as caught:
            way()
        assert caught.value.code == "ref_not_found"
    assert ds.branch_name == "main"


def test_verbs_take_a_commit_as_the_log_returns_it(ds, url):
    first = ds.log()[-1]
    ds.tag("first", at=first)
    ds.branch("again", at=first, switch=False)
    assert ds.tags() == {"first": first.id}
    assert len(deeplake.open(url, at="again")) == 1
    ds.checkout(first)
    assert (len(ds), ds.commit_id) == (1, first.id)
    ds.checkout(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert (len(ds), ds.branch_name) == (3, None)


def test_a_branch_hides_the_beginning_of_a_commit_id(ds, url):
    short = ds.log()[-1].id.rpartition("-")[0]
    ds.branch(short, at="main", switch=False)
    assert len(deeplake.open(url, at=short)) == 3


@pytest.mark.parametrize("at", ["2024-05-01", "2024-05-01T12:30:00+02:00", dt.date(2024, 5, 1)])
def test_a_day_and_the_text_of_a_time_are_told_how_to_be_one(ds, url, at):
    for way in (lambda: deeplake.open(url, at=at), lambda: ds.checkout(at)):
        with pytest.raises(RefNotFoundError, match=r"pass a datetime: datetime[.(]"):
            way()


def test_a_log_of_less_than_nothing_is_refused(ds):
    with pytest.raises(InputError, match="-1"):
        ds.log(-1)


def test_a_misspelt_branch_is_answered_with_the_nearest(ds, url):
    with pytest.raises(RefNotFoundError, match="Did you mean 'main'"):
        deeplake.open(url, at="mian")


def test_names_are_taken_once(ds):
    ds.branch("dev", switch=False)
    ds.tag("v1")
    for again in (lambda: ds.branch("dev"), lambda: ds.branch("main"), lambda: ds.tag("v1")):
        with pytest.raises(RefExistsError, match="exists already"):
            again()
    assert ds.branches() == ["dev", "main"]
    assert list(ds.tags()) == ["v1"]


NAMES = ["Main", "data/2024-05", "naïve", "a b", "実験", "v1.0+x@y", "A" * 80, "x" * 200]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_odd_but_sensible_names_work(ds, url, name):
    ds.branch(name)
    ds.append({"n": 9})
    ds.commit(name)
    assert name in ds.branches()
    assert len(deeplake.open(url, at=name)) == 4
    tag = f"1{name[1:]}"
    ds.tag(tag, at="main")
    assert tag in ds.tags()
    assert len(deeplake.open(url, at=tag)) == 3


def test_a_branch_before_the_first_commit_begins_empty(url):
    ds = deeplake.create(url)
    ds.branch("dev")
    ds.append({"n": 1})
    ds.commit("on dev")
    assert len(deeplake.open(url, at="dev")) == 1
    assert not deeplake.open(url).schema
    with pytest.raises(RefNotFoundError, match="no commit to tag"):
        deeplake.open(url).tag("v1")
