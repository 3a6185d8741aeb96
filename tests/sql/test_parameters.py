"""Parameters: three styles, never inside strings, names and comments."""

from __future__ import annotations

import pytest

from deeplake.errors import QueryError
from deeplake.sql.parameters import number


@pytest.mark.parametrize(
    ("text", "given", "made", "values"),
    [
        ("select %s, %s", [1, 2], "select $1, $2", (1, 2)),
        ("select 5 %% %s", [2], "select 5 % $1", (2,)),
        ("select 5 % 3, '%s'", None, "select 5 % 3, '%s'", ()),
        ("select :a, :b, :a", {"a": 1, "b": 2}, "select $1, $2, $1", (1, 2)),
        ("select %(a)s", {"a": 1}, "select $1", (1,)),
        ("select $2, $1", [1, 2], "select $2, $1", (1, 2)),
        ("select x::int, ':a', \":a\", $$ :a $$, $t$ :a $t$ -- :a\n, :a", {"a": 1},
         "select x::int, ':a', \":a\", $$ :a $$, $t$ :a $t$ -- :a\n, $1", (1,)),
        (r"select E'it\':a', e':a', :a", {"a": 1}, r"select E'it\':a', e':a', $1", (1,)),
        ("select 'it'':a', :a", {"a": 1}, "select 'it'':a', $1", (1,)),
        ("select /* :a /* :b */ :c */ :a", {"a": 1}, "select   $1", (1,)),
        ("select a[1:2], :a", {"a": 1}, "select a[1:2], $1", (1,)),
        ("select 1", {}, "select 1", ()),
        ("select 1", {"unused": 1}, "select 1", ()),
        ("select :ß", {"ß": 1}, "select $1", (1,)),
    ],
)  # fmt: skip
def test_styles_become_numbers(text, given, made, values):
    assert number(text, given) == (made, values)


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("select %s", [], "1 parameters, and 0"),
        ("select %s", [1, 2], "1 parameters, and 2"),
        ("select $3", [1], "3 parameters, and 1"),
        ("select :a", {}, "parameter :a"),
        ("select %s, $1", [1, 2], "mixed"),
        ("select %(a)s", [1], "needs a mapping"),
        ("select %s", "x", "not str"),
        ("select %s", 5, "not int"),
    ],
)
def test_wrong_counts_and_mixed_styles_are_refused(text, given, words):
    with pytest.raises(QueryError, match=words) as caught:
        number(text, given)
    assert caught.value.sqlstate == "07001"
