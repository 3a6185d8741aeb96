"""Values of Python as parameters: stored, compared and returned as what they are.

A parameter that is the whole value of a column goes to the column's type; one in an expression
goes to the engine, as the kind that it is.
"""

from __future__ import annotations

import datetime as dt
import io
import uuid
from decimal import Decimal
from itertools import count

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import DtypeError, InvalidValueError, QueryError

torch = pytest.importorskip("torch")
_names = count()
PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
PICTURE = PIL.Image.fromarray(PIXELS)
U = uuid.UUID(int=77)
NOON = dt.datetime(2024, 5, 6, 12, 0, 0, 7)


def png(picture=PICTURE):
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://native-{next(_names)}")
    db.execute(
        "CREATE TABLE t (id BIGSERIAL PRIMARY KEY, n int, b bigint, f float8, r real, "
        "d numeric(10,2), s text, y bytea, j jsonb, u uuid, da date, ts timestamp, "
        "tz timestamptz, e vector(3), h halfvec(3), pic image, te TENSOR(uint8, 4, 4, 3), "
        "ar int[], tx text[], ok boolean)"
    )
    return db


SCALARS = [
    ("n", 3, 3), ("n", np.int32(3), 3), ("n", torch.tensor(3), 3), ("b", 1 << 40, 1 << 40),
    ("b", np.uint64(7), 7), ("f", 1.5, 1.5), ("f", np.float32(1.5), 1.5), ("f", 2, 2.0),
    ("f", torch.tensor(1.5), 1.5), ("d", Decimal("1.25"), Decimal("1.25")), ("s", "x", "x"),
    ("s", np.str_("é"), "é"), ("y", b"a\0b", b"a\0b"), ("y", bytearray(b"ab"), b"ab"),
    ("y", memoryview(b"ab"), b"ab"), ("u", U, U),
    ("da", dt.date(2020, 2, 29), dt.date(2020, 2, 29)),
    ("da", np.datetime64("2020-02-29"), dt.date(2020, 2, 29)), ("ts", NOON, NOON),
    ("ts", np.datetime64("2024-05-06T12:00:00.000007"), NOON),
    ("tz", NOON.replace(tzinfo=dt.UTC), NOON.replace(tzinfo=dt.UTC)), ("ok", True, True),
    ("ok", np.bool_(False), False), ("ok", torch.tensor(True), True),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "meant"), SCALARS)
def test_scalars_are_stored_set_and_compared(db, column, value, meant):
    (stored,) = db.execute(f"INSERT INTO t ({column}) VALUES (%s) RETURNING {column}", [value])
    assert stored == (meant,)
    db.execute(f"INSERT INTO t ({column}) VALUES (NULL)")
    db.execute(f"UPDATE t SET {column} = :v", {"v": value})
    equal = f"SELECT {column} FROM t WHERE {column} = $1 AND {column} IS NOT DISTINCT FROM $1"
    assert db.execute(equal, [value]).fetchall() == [(meant,), (meant,)]
    assert db.execute(f"SELECT CASE WHEN {column} = %s THEN 1 END FROM t", [value]).fetchall() == [
        (1,), (1,)
    ]  # fmt: skip


VECTORS = [
    np.ones(3), np.ones(3, np.float32), np.ones(3, np.float16), np.ones(3, np.int64),
    torch.ones(3), torch.ones(3, dtype=torch.float64), torch.ones(3, dtype=torch.float16),
    torch.ones(3, dtype=torch.int64), [1, 1, 1], (1.0, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("value", VECTORS)
@pytest.mark.parametrize("column", ["e", "h"])
def test_vectors_are_stored_and_measured(db, column, value):
    db.execute(f"INSERT INTO t ({column}) VALUES (%s), ('[1,2,1]')", [value])
    asked = f"SELECT {column} <-> $1::vector FROM t ORDER BY {column}::vector <-> $1 LIMIT 5"
    if column == "h":
        asked = asked.replace("h <->", "h::vector <->")
    assert db.execute(asked, [value]).fetchall() == [(0.0,), (1.0,)]
    assert db.execute("SELECT vector_dims(%s::vector)", [value]).fetchall() == [(3,)]


@pytest.mark.parametrize("value", [PICTURE, png(), PIXELS, torch.from_numpy(PIXELS)])
def test_pictures_are_stored_as_they_are_or_as_png(db, value):
    db.execute("INSERT INTO t (pic) VALUES (%s)", [value])
    ((stored,),) = db.execute("SELECT pic FROM t").fetchall()
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(stored))), PIXELS)
    assert stored == png() or not isinstance(value, bytes)
    assert np.array_equal(db.table("t")["pic"][0], PIXELS)


def test_a_picture_in_an_expression_is_its_bytes(db):
    db.execute("INSERT INTO t (pic, y) VALUES ($1, $2)", [PICTURE, png()])
    asked = "SELECT octet_length(%s) = octet_length(pic), %s = pic::bytea FROM t"
    assert db.execute(asked, [PICTURE, PICTURE]).fetchall() == [(True, True)]


@pytest.mark.parametrize("value", [PIXELS, torch.from_numpy(PIXELS), PIXELS.tolist()])
def test_tensors_are_stored(db, value):
    db.execute("INSERT INTO t (te) VALUES (%s)", [value])
    assert np.array_equal(db.table("t")["te"][0], PIXELS)


ODD = [
    {}, [], {"a": None}, [1, "two", None, {"three": 3}], {"a": [1, {"b": "x"}]}, {"a": 1 << 70},
    (1, "a"), [[1], ["a"]], {"": {"": []}}, {"k": 10**38}, [None], [1.0, 2], {'a b"c': True}, [[]],
    {"t": 0.1}, {"é": "猫"}, [1, 2.5, "x", [], {}],
]  # fmt: skip


@pytest.mark.parametrize("document", ODD)
def test_documents_are_what_json_makes_of_them(db, document):
    meant = list(document) if isinstance(document, tuple) else document
    asked = "SELECT $1::jsonb, $1::jsonb = $1::jsonb, jsonb_typeof($1::jsonb)"
    kind = "object" if isinstance(document, dict) else "array"
    assert db.execute(asked, [document]).fetchall() == [(meant, True, kind)]
    db.execute("INSERT INTO t (j) VALUES (%s)", [document])
    assert db.execute("SELECT j FROM t WHERE j = %s::jsonb", [document]).fetchall() == [(meant,)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(
        st.characters(codec="utf-8", exclude_characters="\0")) | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4),
        inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def asked():
    db = deeplake.connect("mem://native-drawn")
    db.execute("CREATE TABLE one (id int)")
    return db


@given(st.lists(JSON, max_size=3) | st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3))
def test_any_document_comes_back(asked, document):
    ((found,),) = asked.execute("SELECT jsonb_build_object('it', %s::jsonb)", [document]).fetchall()
    assert found == {"it": document}


def test_documents_that_are_no_json_are_refused_as_columns_refuse_them(db):
    for document in ({"a": float("nan")}, {1: 2}, {"a": object()}, [b"x"]):
        for sql in ("SELECT %s::jsonb", "INSERT INTO t (j) VALUES (%s)"):
            with pytest.raises(InvalidValueError):
                db.execute(sql, [document]).fetchall()
    assert db.execute("SELECT count(*) FROM t").fetchall() == [(0,)]


def test_lists_are_arrays_where_arrays_are_wanted(db):
    db.execute("INSERT INTO t (n, ar, tx, u) VALUES (1, %s, %s, %s)", [[1, 2], ["a", None], U])
    db.execute("INSERT INTO t (n, ar, s, d) VALUES (2, '{}', 'x', 1.5)")

    def ids(condition, value):
        return [i for (i,) in db.execute(f"SELECT id FROM t WHERE {condition}", [value])]

    for array in ([1, 7], (1, 7), np.array([1, 7]), torch.tensor([1, 7]), [np.int64(1)], [None, 1]):
        assert ids("n = ANY(%s)", array) == [1]
    assert ids("n <> ALL(%s)", [1, 7]) == [2]
    assert ids("n = ANY(%s)", []) == ids("n = ANY(%s)", [None]) == ids("n = ANY(%s)", None) == []
    assert ids("n <> ALL(%s)", []) == [1, 2]
    assert ids("s = ANY(%s)", ["x", "y"]) == [2]
    assert ids("u = ANY(%s)", [str(U)]) == ids("u = ANY(%s)", [U]) == [1]
    assert ids("d = ANY(%s)", [Decimal("1.50"), 3]) == ids("d = ANY(%s)", [1.5]) == [2]
    assert ids("n = ANY(%s::int[])", [2]) == ids("n = ANY(%s)", [2.0]) == [2]
    assert ids("ar = %s", [1, 2]) == ids("ar @> %s", [2]) == ids("%s && ar", [2, 9]) == [1]
    assert ids("tx @> %s", ["a"]) == [1]
    assert ids("ar = %s", []) == [2]
    assert db.execute("SELECT ar || %s FROM t WHERE id = 1", [[3]]).fetchall() == [([1, 2, 3],)]
    assert db.execute("SELECT unnest(%s::text[])", [["p", "q"]]).fetchall() == [("p",), ("q",)]
    assert db.execute("SELECT %s", [[1, 2]]).description[0][1] == "integer[]"
    for odd in ([1, "x"], [[1], [2]], [{"a": 1}]):
        with pytest.raises(QueryError) as caught:
            ids("n = ANY(%s)", odd)
        assert caught.value.sqlstate == "42809"


def test_one_list_as_document_and_as_array_in_one_statement(db):
    asked = "SELECT $1::jsonb, $1::int[], 2 = ANY($1), $1::vector"
    ((document, array, found, vector),) = db.execute(asked, [[1, 2]]).fetchall()
    assert (document, array, found, list(vector)) == ([1, 2], [1, 2], True, [1.0, 2.0])


def test_plans_that_are_kept_know_lists_of_other_kinds(db):
    db.execute("INSERT INTO t (n, s) VALUES (1, '1'), (2, 'b')")
    for value, found in (([1], 1), ([2], 1), ([], 0), ([1.0, 2.0], 2), ([Decimal(2)], 1)):
        asked = db.execute("SELECT count(*) FROM t WHERE n = ANY(%s)", [value])
        assert asked.fetchall() == [(found,)]
    with pytest.raises(QueryError):
        db.execute("SELECT count(*) FROM t WHERE n = ANY(%s)", [["x"]]).fetchall()


def test_spans_of_time(db):
    span = dt.timedelta(days=2, seconds=3, microseconds=4)
    assert db.execute("SELECT %s", [span]).fetchall() == [(span,)]
    asked = "SELECT timestamp '2024-01-01' + %s"
    day = dt.datetime(2024, 1, 3, 0, 0, 3, 4)
    assert db.execute(asked, [span]).fetchall() == [(day,)]


@pytest.mark.parametrize(
    "value", [PIXELS, torch.from_numpy(PIXELS), object(), {1, 2}, io.BytesIO()]
)
def test_what_no_expression_can_take_is_refused_by_its_name(db, value):
    for sql in ("SELECT octet_length(%s)", "SELECT n FROM t WHERE y = %s", "SELECT %s"):
        with pytest.raises(QueryError, match=type(value).__name__) as caught:
            db.execute(sql, [value]).fetchall()
        assert caught.value.sqlstate == "42804"
        assert "column" in str(caught.value.hint)


def test_tensors_that_numpy_cannot_read_say_how(db):
    for value in (torch.ones(3, requires_grad=True), torch.ones(3, dtype=torch.bfloat16)):
        for sql in ("INSERT INTO t (e) VALUES (%s)", "SELECT e <-> %s FROM t"):
            with pytest.raises(DtypeError, match="torch|Tensor|tensor"):
                db.execute(sql, [value]).fetchall()


@pytest.mark.parametrize(
    "value", ["'24:00'::time", "array[null, '24:00'::time]", "'23:59:60'::time"]
)
def test_the_end_of_a_day_is_no_time_of_python_and_not_its_beginning(db, value):
    with pytest.raises(QueryError, match="24:00:00 has no value of Python") as error:
        db.execute(f"SELECT {value}").fetchall()
    assert error.value.sqlstate == "0A000"
    ((text,),) = db.execute(f"SELECT ({value})::text").fetchall()
    assert "24:00:00" in text
    (column,) = db.execute(f"SELECT {value}").arrow().columns
    items = column.combine_chunks()
    items = items.flatten() if "list" in str(items.type) else items
    assert 86_400_000_000 in items.cast("int64").to_pylist()


def test_times_within_the_day_are_those_of_python(db):
    query = "SELECT t, array[t] FROM (VALUES ('23:59:59.999999'::time), (null)) v(t)"
    last = dt.time(23, 59, 59, 999999)
    assert db.execute(query).fetchall() == [(last, [last]), (None, [None])]
