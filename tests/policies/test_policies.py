"""What a handle with policies sees: the rows for which a condition is true, at every version."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import (
    InputError,
    PolicyError,
    QueryError,
    QuerySyntaxError,
    ReadOnlyError,
    RepositoryNotFoundError,
    TableNotFoundError,
    UnsupportedQueryError,
)
from deeplake.query import policy
from deeplake.sql.principal import Principal
from deeplake.storage.memory import MemoryStore

MINE = {"data": "tenant = 'a'"}


def made(*batches, store=None):
    """A table of (tenant, n) rows, a commit for each batch."""
    store = MemoryStore() if store is None else store
    ds = deeplake.create(store, {"tenant": "text", "n": "int"}, optimize="off")
    for batch in batches:
        ds.extend([{"tenant": tenant, "n": n} for tenant, n in batch])
        ds.commit()
    return store, ds


def seen(store, policies=MINE, at="main"):
    return deeplake.open(store, at, policies=policies)["n"][:].tolist()


# --- what is seen ---------------------------------------------------------------------------------


def test_rows_of_others_are_not_there():
    store, _ = made([("a", 1), ("b", 2), (None, 3), ("a", 4)], [("b", 5)])
    assert seen(store) == [1, 4]
    assert seen(store, {"data": "true"}) == [1, 2, 3, 4, 5]
    assert seen(store, {"data": "false"}) == []
    assert seen(store, {"data": "tenant IS NULL OR n > 4"}) == [3, 5]


def test_of_a_table_that_no_policy_names_nothing_is_seen():
    store, _ = made([("a", 1)])
    for policies in ({}, {"other": "true"}):
        ds = deeplake.open(store, policies=policies)
        for read in (
            len,
            list,
            repr,
            lambda ds: ds[0],
            lambda ds: ds["n"][0],
            deeplake.Dataset.summary,
        ):
            with pytest.raises(PolicyError, match="may see no rows of table 'data'"):
                read(ds)
    with pytest.raises(TableNotFoundError):
        deeplake.connect(store, policies=MINE).execute("SELECT * FROM nothing")


def test_a_row_is_judged_by_what_it_is_at_the_version_that_is_read():
    store, ds = made([("a", 1), ("b", 2)])
    ds["tenant"][:] = ["b", "a"]
    ds.commit("they change places")
    assert seen(store) == [2]
    assert seen(store, at="main~1") == [1]
    moved = deeplake.open(store, policies=MINE).diff("main~1", "main")
    assert [(c.kind, (c.old or c.new)["n"]) for c in moved] == [("removed", 1), ("added", 2)]
    assert len(moved.updated) == 0


def test_a_version_whose_columns_a_policy_does_not_fit_shows_nothing():
    store, ds = made([("a", 1)])
    ds.rename_column("tenant", "owner")
    ds.commit("renamed")
    with pytest.raises(QueryError, match='column "tenant" does not exist'):
        seen(store)
    assert seen(store, at="main~1") == [1]
    assert seen(store, {"data": "owner = 'a'"}) == [1]


def test_a_table_is_judged_by_the_name_that_it_has_at_the_version_that_is_read():
    store, _ = made([("a", 1), ("b", 2)])
    deeplake.connect(store).execute("ALTER TABLE data RENAME TO more")
    named = {"more": "tenant = 'b'"}
    assert seen(store, named) == [2]
    with pytest.raises(PolicyError):
        seen(store, named, "main~1")
    with pytest.raises(PolicyError):
        len(deeplake.open(store, policies=named).diff("main~1", "main"))


def test_later_commits_are_judged_when_a_handle_moves_on():
    store, ds = made([("a", 1), ("b", 2)])
    mine = deeplake.open(store, policies=MINE)
    assert len(mine) == 1
    ds.extend([{"tenant": "b", "n": 3}, {"tenant": "a", "n": 4}])
    ds.commit("more")
    assert len(mine) == 1
    mine.refresh()
    assert mine["n"][:].tolist() == [1, 4]
    db = deeplake.connect(store, policies=MINE)
    assert db.execute("SELECT n FROM data ORDER BY n").fetchall() == [(1,), (4,)]
    ds.delete(rows=0)
    ds.commit("one less")
    assert db.execute("SELECT n FROM data").fetchall() == [(4,)]


def test_statistics_are_those_of_what_is_seen():
    store, ds = made([("a", 5), ("b", -100), ("b", 900), ("a", 7)], [("b", None)])
    column = deeplake.open(store, policies=MINE).summary().columns[1]
    assert (column.low, column.high, column.nulls) == (5, 7, 0)
    db = deeplake.connect(store, policies=MINE)
    text = "SELECT min(n), max(n), count(*), count(n) FROM data"
    assert db.execute(text).fetchall() == [(5, 7, 2, 2)]
    assert ds.summary().columns[1].high == 900


def test_copies_of_handles_and_loaders_see_no_more():
    store, _ = made([("a", 1), ("b", 2)])
    ds = deeplake.open(store, policies=MINE)
    for other in (copy.copy(ds), copy.deepcopy(ds), copy.deepcopy(ds[:])):
        assert [row["n"] for row in other] == [1]
    db = deeplake.connect(store, policies=MINE)
    assert copy.deepcopy(db).execute("SELECT n FROM data").fetchall() == [(1,)]
    db.tables()
    assert copy.deepcopy(db).execute("SELECT n FROM data").fetchall() == [(1,)]
    loader = copy.deepcopy(ds.batches(4))
    assert [batch["n"].tolist() for batch in loader] == [[1]]


def test_hidden_rows_of_another_handle_are_not_its_business():
    store, ds = made([("a", 1), ("b", 2)])
    everybody = deeplake.connect(store)
    text = "SELECT n FROM data WHERE n > 0 ORDER BY n"
    for _ in range(2):  # the second time by a plan that is kept
        assert everybody.execute(text).fetchall() == [(1,), (2,)]
        assert deeplake.connect(store, policies=MINE).execute(text).fetchall() == [(1,)]
    assert len(ds) == 2


# --- how it is worked out -------------------------------------------------------------------------


@pytest.fixture
def judged(monkeypatch):
    """How many rows each evaluation of a policy looked at."""
    found = []

    def visible(self, view, original=Principal.visible):
        found.append(view.rows)
        return original(self, view)

    monkeypatch.setattr(Principal, "visible", visible)
    return found


def test_a_policy_is_asked_once_for_a_version_and_then_for_new_fragments_only(judged):
    store, ds = made([("a", k) for k in range(40)], [("b", 1)])
    db = deeplake.connect(store, policies=MINE)
    for _ in range(3):
        assert db.execute("SELECT count(*) FROM data").fetchall() == [(40,)]
    assert judged == [41]
    ds.extend([{"tenant": "ab"[k % 2], "n": k} for k in range(6)])
    ds.commit("six more")
    assert db.execute("SELECT count(*) FROM data").fetchall() == [(43,)]
    assert judged == [41, 6]
    ds["n"][0] = 5
    ds.commit("a fragment is another")
    assert db.execute("SELECT count(*) FROM data").fetchall() == [(43,)]
    assert judged == [41, 6, 40]


def test_a_handle_that_sees_all_or_none_keeps_nothing_of_its_rows():
    store, _ = made([("a", k) for k in range(9)], [("b", k) for k in range(5)])
    ds = deeplake.open(store, policies=MINE)
    assert len(ds) == 9
    (kept,) = vars(ds._session.repository.objects)["trees_of_policies"].values()
    first, second = kept.hidden.values()
    assert first is None
    assert second.deleted.base is policy._PLACES


def test_fragments_with_deleted_rows_are_judged_by_place():
    store, ds = made([("ab"[k % 2], k) for k in range(20)])
    ds.delete(rows=[0, 1, 2, 7, 19])
    ds.commit("fewer")
    assert seen(store) == [k for k in range(20) if k % 2 == 0 and k not in (0, 2)]
    assert seen(store, {"data": "false"}) == []
    hidden = deeplake.open(store, policies={"data": "false"})
    assert hidden.row_ids.tolist() == []
    ids = deeplake.open(store, policies=MINE).row_ids.tolist()
    assert ids == [
        i for i, n in zip(ds.row_ids.tolist(), ds["n"][:].tolist(), strict=True) if n % 2 == 0
    ]


def test_without_policies_nothing_of_them_is_loaded(tmp_path):
    made([("a", 1)], store=deeplake.storage.resolve.open_store(str(tmp_path / "r")))
    code = (
        "import sys, deeplake; ds = deeplake.open(sys.argv[1]); assert ds[0]['n'] == 1 and len(ds);"
        "found = [m for m in sys.modules if m.startswith(('deeplake.query', 'deeplake.sql'))];"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "r")], check=True, timeout=60)


VALUES = st.tuples(st.sampled_from(["a", "b", None]), st.one_of(st.none(), st.integers(-3, 3)))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.lists(VALUES, min_size=1, max_size=6)),
        st.tuples(st.just("update"), st.tuples(st.integers(0, 30), VALUES)),
        st.tuples(st.just("delete"), st.integers(0, 30)),
        st.tuples(st.just("optimize"), st.none()),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
CONDITIONS = st.sampled_from([
    "tenant = 'a'", "n > 0", "tenant <> 'a' OR n IS NULL", "n BETWEEN -1 AND 1", "NOT (n = 2)",
    "tenant IS NULL AND n < 2", "coalesce(n, 0) = 0", "true", "false",
])  # fmt: skip


@given(STEPS, CONDITIONS, st.booleans())
def test_what_is_seen_is_what_a_filter_finds_at_every_commit(steps, condition, moving):
    store, ds = made([("a", 0), ("b", 1)])
    mine = deeplake.open(store, policies={"data": condition})
    for what, value in steps:
        _step(ds, what, value)
        if moving:
            mine.refresh()
        else:
            mine = deeplake.open(store, policies={"data": condition})
        expected = [*ds.filter(condition)]
        assert [*mine] == expected
        assert len(mine) == len(expected)
        assert mine.row_ids.tolist() == ds.row_ids[_places(ds, condition)].tolist()
        found = mine.query("SELECT count(*), min(n), max(tenant) FROM this").fetchall()
        assert (
            found
            == ds.query(
                f"SELECT count(*), min(n), max(tenant) FROM this WHERE {condition}"
            ).fetchall()
        )


def _places(ds, condition):
    from deeplake.api.catalog import Tables
    from deeplake.api.database import database_of
    from deeplake.sql.where import evaluated

    session = ds._session
    return evaluated(
        session.view(), "data", Tables(database_of(session.stand)), condition, None
    ).positions


def _step(ds, what, value):
    if what == "extend":
        ds.extend([{"tenant": tenant, "n": n} for tenant, n in value])
    elif what == "update" and len(ds):
        place, (tenant, n) = value
        ds.update({"tenant": tenant, "n": n}, rows=place % len(ds))
    elif what == "delete" and len(ds):
        ds.delete(rows=value % len(ds))
    elif what == "optimize":
        ds.optimize(progress=False)
    ds.commit()


@given(STEPS, CONDITIONS)
def test_differences_are_those_of_what_is_seen_on_both_sides(steps, condition):
    store, ds = made([("a", 0), ("b", 1)])
    before = _by_id(store, condition, "main")
    base = ds.commit_id
    for what, value in steps:
        _step(ds, what, value)
    after = _by_id(store, condition, "main")
    found = deeplake.open(store, policies={"data": condition}).diff(base, "main")
    told = {
        kind: {c.row_id: c for c in getattr(found, kind)}
        for kind in ("added", "removed", "updated")
    }
    assert {i: c.new for i, c in told["added"].items()} == {
        i: row for i, row in after.items() if i not in before
    }
    assert {i: c.old for i, c in told["removed"].items()} == {
        i: row for i, row in before.items() if i not in after
    }
    both = {i for i in before if i in after and before[i] != after[i]}
    assert set(told["updated"]) == both
    for i in both:
        assert {**before[i], **told["updated"][i].new} == after[i]


def test_what_a_branch_did_since_is_told_of_what_is_seen_though_its_base_is_merged_in_memory():
    store, ds = made([("a", 0), ("b", 1), ("a", 2), ("b", 3)])
    ds.branch("other")
    ds["n"][0] = 10
    theirs = ds.commit()
    ds.checkout("main")
    ds["n"][1] = 11
    ours = ds.commit()
    ds.merge(theirs)
    ds.checkout("other")
    ds.merge(ours)
    ds["n"][2] = 12
    ds["n"][3] = 13
    ds.commit()
    whole, restricted = (
        deeplake.open(store, policies=policies).diff("main...other") for policies in (None, MINE)
    )
    assert [change.row_id for change in whole.updated] == [2, 3]
    assert [(c.row_id, c.old, c.new) for c in restricted] == [(2, {"n": 2}, {"n": 12})]
    assert "13" not in str(restricted)


def _by_id(store, condition, at):
    ds = deeplake.open(store, at, policies={"data": condition})
    return dict(zip(ds.row_ids.tolist(), ds, strict=True))


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(("policies", "error"), [
    ([("data", "true")], InputError),
    ({"data": ""}, InputError),
    ({"data": 3}, InputError),
    ({3: "true"}, InputError),
    ({"data": "tenant ="}, QuerySyntaxError),
    ({"data": "true; DROP TABLE data"}, QueryError),
    ({"data": "true UNION SELECT 1"}, QueryError),
    ({"data": "true LIMIT 1"}, QueryError),
    ({"data": "n = %s"}, QueryError),
    ({"data": "n = $1"}, QueryError),
])  # fmt: skip
def test_what_is_no_policy_is_refused_before_anything_is_read(policies, error):
    store, _ = made([("a", 1)])
    for opened in (deeplake.open, deeplake.connect):
        with pytest.raises(error):
            opened(store, policies=policies)


@pytest.mark.parametrize(("condition", "error"), [
    ("n", QueryError),
    ("nothing = 1", QueryError),
    ("count(*) > 0", QueryError),
    ("n IN (SELECT 1)", UnsupportedQueryError),
    ("n IN (SELECT n FROM data)", TableNotFoundError),
    ("random() < 2", UnsupportedQueryError),
    ("now() > '2020-01-01'", UnsupportedQueryError),
    ("current_date > '2020-01-01' AND n = 1", UnsupportedQueryError),
    ("'today'::date > '2020-01-01'", UnsupportedQueryError),
    ("1 / (n - 1) = 0", PolicyError),
])  # fmt: skip
def test_a_policy_that_cannot_be_decided_by_the_row_shows_nothing(condition, error):
    store, _ = made([("a", 1)])
    ds = deeplake.open(store, policies={"data": condition})
    for _ in range(2):
        with pytest.raises(error):
            len(ds)
        with pytest.raises(error):
            [*ds]


def test_a_policy_that_fails_on_a_row_does_not_say_what_is_in_it():
    store, _ = made([("a", 1), ("canary", 2)])
    for condition in (
        "tenant::int > 0",
        "tenant::jsonb = '{}'",
        "('{\"a\":' || tenant)::json IS NULL",
    ):
        with pytest.raises(PolicyError, match="fails on a row") as failed:
            seen(store, {"data": condition})
        assert "canary" not in str(failed.value)
        assert failed.value.__cause__ is failed.value.__context__ is None


def test_restricted_handles_only_read():
    store, _ = made([("a", 1), ("b", 2)])
    ds = deeplake.open(store, policies=MINE)
    with pytest.raises(
        PolicyError, match="it reads the rows that these show, and no more"
    ) as refused:
        ds.append({"tenant": "a", "n": 3})
    assert (refused.value.code, refused.value.sqlstate) == ("policy", "42501")
    assert not isinstance(refused.value, ReadOnlyError)
    ds.rollback()
    with ds:
        assert len(ds) == 1
    db = deeplake.connect(store, policies=MINE)
    db.execute("BEGIN")
    assert db.execute("SELECT n FROM data").fetchall() == [(1,)]
    with pytest.raises(PolicyError):
        db.execute("DELETE FROM data")
    db.execute("ROLLBACK")
    assert db.execute("SELECT n FROM data").fetchall() == [(1,)]


def test_a_restricted_handle_makes_no_repository():
    store = MemoryStore()
    db = deeplake.connect(store, policies=MINE)
    for ask in (lambda: db.execute("BEGIN"), lambda: db.create_table("t", {"a": "int"}), db.verify):
        with pytest.raises(RepositoryNotFoundError):
            ask()
    assert not list(store.list(""))


def test_rows_that_are_staged_by_another_are_nobodys_yet():
    store, ds = made([("a", 1)])
    ds.append({"tenant": "a", "n": 2})
    assert seen(store) == [1]
    assert np.array_equal(ds["n"][:], [1, 2])


# --- how refusals read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ({"Data": "true"}, "they name 'Data'. Did you mean 'data' by 'Data'?"),
        ({"dta": "true", "users": "true"}, "Did you mean 'data' by 'dta'?"),
        ({"users": "true"}, "they name 'users'. Add policies={'data': 'a condition'}"),
        ({}, "there are none. Add policies={'data': 'a condition'}; 'true' is all rows."),
    ],
)
def test_a_table_that_no_policy_names_is_told_with_the_nearest_name(policies, words):
    store, _ = made([("a", 1)])
    ds = deeplake.open(store, policies=policies)
    db = deeplake.connect(store, policies=policies)
    for ask in (lambda: len(ds), lambda: [*ds], lambda: db.execute("SELECT * FROM data")):
        with pytest.raises(PolicyError, match="may see no rows of table 'data'") as refused:
            ask()
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("tenat = 'a'", "the policy of table 'data': column \"tenat\" .* Did you mean 'tenant'"),
        ("n", "the policy of table 'data': the argument of WHERE"),
        ("n IN (SELECT id FROM users)", "a condition over the columns of its own table"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_to_be_its_fault(condition, words):
    store, _ = made([("a", 1)])
    ds = deeplake.open(store, policies={"data": condition})
    with pytest.raises((QueryError, TableNotFoundError), match=words):
        len(ds)


def test_parameters_of_a_policy_are_told_to_be_written_into_it():
    store, _ = made([("a", 1)])
    for condition in ("tenant = %s", "tenant = $1", "tenant = :who"):
        with pytest.raises(QueryError, match="takes no parameters. Write the value") as refused:
            deeplake.open(store, policies={"data": condition})
        assert "'data'" in str(refused.value)
    told = "the policy of table 'data': syntax error .* at character 12"
    with pytest.raises(QuerySyntaxError, match=told) as refused:
        deeplake.open(store, policies={"data": "tenant = 1 2"})
    assert refused.value.position == 12
    assert seen(store, {"data": "tenant LIKE '%s' OR tenant LIKE ':a' OR n % 1 = 0"}) == [1]


def test_refusals_of_restricted_handles_name_the_verb_and_the_way_out():
    store, _ = made([("a", 1)])
    ds = deeplake.open(store, policies=MINE)
    for verb, ask in {"log()": ds.log, "writing": lambda: ds.append({"n": 1})}.items():
        with pytest.raises(PolicyError) as refused:
            ask()
        assert str(refused.value) == (
            f"{verb} is refused: this handle has policies, so it reads the rows that these show, "
            "and no more. Use one that was opened without policies."
        )
