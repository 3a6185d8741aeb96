"""COPY FROM and TO: text and CSV, paths and files, what does not fit."""

from __future__ import annotations

import io
from itertools import count

import pytest

import deeplake
from deeplake.errors import DeeplakeError, InputError, QueryError, SourceNotFoundError

_names = count()

ROWS = [
    (1, "plain", 1.5, b"\x00\xff", [1, None], {"k": "ä"}),
    (2, 'quote " and, comma', None, None, None, None),
    (3, "tab\tnew\nline\\back", -0.25, b"", [], []),
    (4, "", 1e300, b"x", [7], {}),
    (5, "\\N", 0.0, None, None, "1"),
]


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-copy-{next(_names)}")
    db.execute("CREATE TABLE t (id int PRIMARY KEY, s text, f float8, b bytea, a int[], j jsonb)")
    db.executemany("INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s)", ROWS)
    db.execute("CREATE TABLE u (id int PRIMARY KEY, s text, f float8, b bytea, a int[], j jsonb)")
    return db


def rows(db, table):
    return db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()


@pytest.mark.parametrize(
    "options", ["", "(FORMAT csv)", "(FORMAT csv, HEADER)", "(DELIMITER '|', NULL 'none')",
                "(FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL '~')"]
)  # fmt: skip
@pytest.mark.parametrize("make", [io.StringIO, io.BytesIO])
def test_what_is_written_reads_back(db, options, make):
    file = make()
    assert db.copy(f"COPY t TO STDOUT {options}", file).rowcount == 5
    file.seek(0)
    assert db.copy(f"COPY u FROM STDIN {options}", file).rowcount == 5
    assert rows(db, "u") == rows(db, "t")


def test_files_are_named_by_the_statement_or_given(db, tmp_path):
    path = tmp_path / "t.csv"
    db.execute(f"COPY (SELECT id, s FROM t WHERE id < 3 ORDER BY id) TO '{path}' CSV HEADER")
    assert path.read_text() == 'id,s\n1,plain\n2,"quote "" and, comma"\n'
    assert db.copy("COPY u (id, s) FROM STDIN CSV HEADER", path).rowcount == 2
    db.execute(f"COPY t TO '{path}'")
    db.execute("TRUNCATE u")
    assert db.execute(f"COPY u FROM '{path}'").rowcount == 5
    assert rows(db, "u") == rows(db, "t")


def test_defaults_fill_the_columns_that_are_not_copied(db):
    db.execute("CREATE TABLE d (id serial, n int DEFAULT 7, s text)")
    db.copy("COPY d (s) FROM STDIN", ["x\n", "\\N\n", "\\.\n", "after the end\n"])
    assert rows(db, "d") == [(1, 7, "x"), (2, 7, None)]


def test_many_rows_are_one_commit(db):
    before = len(db.log(all=True))
    assert db.copy("COPY u (id, s) FROM STDIN", (f"{k}\ts{k}\n" for k in range(5000))).rowcount
    assert len(db.log(all=True)) == before + 1
    assert db.execute("SELECT count(*), max(id) FROM u").fetchall() == [(5000, 4999)]


@pytest.mark.parametrize(
    ("sql", "text", "state"),
    [
        ("COPY u (id, s) FROM STDIN", "1\tx\n2\n", "22P04"),
        ("COPY u (id, s) FROM STDIN", "1\tx\ty\n", "22P04"),
        ("COPY u (id, s) FROM STDIN", "x\tx\n", "22P02"),
        ("COPY u (id, s) FROM STDIN", "1\tx\n1\ty\n", "23505"),
        ("COPY u (id, s) FROM STDIN", "\\N\tx\n", "23502"),
        ("COPY u (id, s) FROM STDIN CSV", '1,"open\n', "22P04"),
        ("COPY u (id, zz) FROM STDIN", "1\tx\n", "42703"),
        ("COPY nope FROM STDIN", "", "42P01"),
        ("COPY u FROM STDIN (FORMAT binary)", "", "0A000"),
        ("COPY u FROM STDIN (DELIMITER 'ab')", "", "22023"),
        ("COPY u FROM STDIN (FREEZE)", "", "0A000"),
        ("COPY u FROM PROGRAM 'ls'", "", "0A000"),
    ],
)
def test_what_does_not_fit_is_refused_whole(db, sql, text, state):
    with pytest.raises(DeeplakeError) as caught:
        db.copy(sql, io.StringIO(text))
    assert caught.value.sqlstate == state
    assert rows(db, "u") == []


def test_a_missing_file_is_told(db, tmp_path):
    with pytest.raises(SourceNotFoundError):
        db.execute(f"COPY u FROM '{tmp_path / 'none'}'")
    with pytest.raises(DeeplakeError, match="needs a file"):
        db.execute("COPY u FROM STDIN")
    with pytest.raises(DeeplakeError, match="runs COPY"):
        db.copy("SELECT 1", io.StringIO())


def test_json_goes_out_and_in_with_its_digits(db):
    db.execute("CREATE TABLE docs (k int, j jsonb, t json)")
    db.execute(
        """INSERT INTO docs VALUES (1, '{"b": 1.50, "a": 1e2}', '{"b":1e2}'), (2, 'null', null)"""
    )
    out = io.StringIO()
    assert db.copy("COPY docs TO STDOUT", out).rowcount == 2
    assert out.getvalue() == '1\t{"a": 100, "b": 1.50}\t{"b":1e2}\n2\tnull\t\\N\n'
    db.execute("TRUNCATE docs")
    db.copy("COPY docs FROM STDIN", io.StringIO(out.getvalue()))
    again = io.StringIO()
    db.copy("COPY (SELECT * FROM docs ORDER BY k DESC) TO STDOUT", again)
    assert again.getvalue().splitlines()[::-1] == out.getvalue().splitlines()


def test_json_that_python_cannot_read_back_is_refused(db):
    db.execute("CREATE TABLE docs (k int, j jsonb)")
    for text in ('{"a": 1e5000}', "[" * 300 + "]" * 300):
        with pytest.raises(DeeplakeError):
            db.execute("INSERT INTO docs VALUES (1, %s)", [text])
    assert db.execute("SELECT * FROM docs").fetchall() == []


def test_a_copy_that_fails_leaves_the_file_that_was_there(db, tmp_path):
    path = tmp_path / "out.csv"
    db.copy("COPY (SELECT id FROM t WHERE id = 1) TO STDOUT", path)
    late = "SELECT 1 / (500000 - n) FROM generate_series(1, 500000) AS n"  # after many rows
    with pytest.raises(QueryError, match="division by zero"):
        db.copy(f"COPY ({late}) TO STDOUT", path)
    with pytest.raises(QueryError, match="division by zero"):
        db.execute(f"COPY ({late}) TO '{path}'")
    assert path.read_text() == "1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_where_no_file_can_be_made_the_way_out_is_told(db, tmp_path):
    for place in (tmp_path / "no" / "out.csv", tmp_path):
        with pytest.raises(InputError, match="cannot write '.*': (there is no|it is a) folder"):
            db.execute(f"COPY t TO '{place}'")


@pytest.mark.parametrize("place", ["s3://bucket/t.csv", "file:///tmp/t.csv", "https://host/t.csv"])
def test_a_copy_to_a_url_is_refused_with_the_way_out(db, place):
    with pytest.raises(InputError, match=r"a path or a file, not .*to_parquet\(\) writes"):
        db.execute(f"COPY t TO '{place}'")
