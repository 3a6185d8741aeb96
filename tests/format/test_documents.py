"""Sealed JSON, repo.json and schemas: round trip; garbage ends in an error of ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deeplake.errors import DamageError, DeeplakeError, FormatVersionError, MalformedObjectError
from deeplake.format import repository, schema
from deeplake.format.checksum import crc32c
from deeplake.format.documents import parse
from deeplake.format.repository import RepositoryInfo
from deeplake.format.schema import ColumnSpec, TableSchema
from deeplake.format.sealed import seal, unseal

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
INFO = RepositoryInfo("00c0ffee" * 4, 1_700_000_000_000_000)


def sealed(line: bytes) -> bytes:
    return line + b"\n" + f"{crc32c(line):08x}\n".encode()


SPELT = st.one_of(
    JSON.map(json.dumps),
    JSON.map(lambda value: json.dumps(value, ensure_ascii=False, indent=1)),
    st.text('{}[]":, \t\r\n\\u0019eE.+-truefalsnNIityx\x00\u00e9\u2028', max_size=24),
)


def outcome(read, text: bytes) -> str:
    """What came out, 0.0 and -0.0 told apart, or that it was refused."""
    try:
        return repr(read(text))
    except (ValueError, RecursionError) as error:
        return "no JSON" if isinstance(error, ValueError) else "too deep"


@given(SPELT)
@example("")
@example(" ")
@example("1 2")
@example("[1,]")
@example('{"a": 1, "a": 2}')
@example("[NaN, Infinity, -Infinity, -0.0, 1e999, 1E-2]")
@example('["\\ud800", "\\ud83d\\ude00", "\\/"]')
@example("9" * 5_000)
@example("[" * 100_000)
@example("\u00a01")
def test_documents_are_read_as_json_reads_them(text):
    raw = text.encode()
    assert outcome(parse, raw) == outcome(json.loads, raw)
    assert outcome(parse, memoryview(raw)) == outcome(parse, raw)  # type: ignore[arg-type]


@pytest.mark.parametrize("raw", ["{}".encode("utf-16"), "{}".encode("utf-8-sig"), b'"\xff"'])
def test_documents_are_utf_8_and_nothing_else(raw):
    with pytest.raises(ValueError):
        parse(raw)


@given(st.dictionaries(TEXT, JSON))
def test_a_document_comes_back(document):
    assert unseal(seal(document), "a document") == document


def test_every_changed_byte_and_every_cut_is_an_error():
    raw = seal({"branch": 7, "base": "0-1-00c0ffee00c0ffee"})
    for end in range(len(raw)):
        with pytest.raises(DamageError):
            unseal(raw[:end], "a document")
    for at in range(len(raw)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            changed = bytearray(raw)
            changed[at] ^= mask
            with pytest.raises(DamageError):
                unseal(bytes(changed), "a document")


@pytest.mark.parametrize("line", [b"", b"[]", b"7", b"{", b'{"a"', b"\xff\xfe", b"[" * 100_000])
def test_a_sealed_line_that_is_no_object_is_malformed(line):
    with pytest.raises(MalformedObjectError):
        unseal(sealed(line), "a document")


@given(st.binary())
def test_random_bytes_are_no_document(raw):
    with pytest.raises(DamageError):
        unseal(raw, "a document")


def test_a_repository_comes_back():
    assert repository.decode(repository.encode(INFO), "repo.json") == INFO


@given(st.sampled_from(["format", "version", "id", "created", "reader_features"]), JSON)
@example("created", float("inf"))
def test_a_repository_with_any_value_replaced_decodes_or_is_refused(key, value):
    document = unseal(repository.encode(INFO), "repo.json")
    try:
        repository.decode(seal({**document, key: value}), "repo.json")
    except DeeplakeError as error:
        assert isinstance(error, (MalformedObjectError, FormatVersionError))


def test_a_newer_version_and_unknown_features_are_refused_by_name():
    document = unseal(repository.encode(INFO), "repo.json")
    with pytest.raises(FormatVersionError, match="version 2"):
        repository.decode(seal({**document, "version": 2}), "repo.json")
    with pytest.raises(FormatVersionError, match="time-travel"):
        repository.decode(seal({**document, "reader_features": ["time-travel"]}), "repo.json")
    with pytest.raises(MalformedObjectError):
        repository.decode(seal({"format": "other"}), "repo.json")


KEYS = ("id", "name", "former", "default", *schema.MARKS)
OPTIONS = st.dictionaries(TEXT.filter(lambda k: k not in KEYS), JSON)


@given(st.lists(st.tuples(st.integers(0, (1 << 32) - 1), TEXT, OPTIONS, st.booleans()), max_size=4,
                unique_by=(lambda c: c[0], lambda c: c[1])))  # fmt: skip
def test_a_schema_comes_back(columns):
    table = TableSchema(tuple(ColumnSpec(*column) for column in columns))
    assert schema.decode(schema.encode(table), "a table") == table


@given(st.lists(st.dictionaries(TEXT, JSON), max_size=2), JSON, st.lists(st.integers(3, 9)))
def test_what_became_of_the_columns_comes_back(former, default, dropped):
    column = ColumnSpec(1, "a", {"type": "int64"}, former=tuple(former), default=default)
    table = TableSchema((column, ColumnSpec(2, "b", {"type": "text"})), tuple(dropped))
    assert schema.decode(schema.encode(table), "a table") == table
    assert table.evolved == bool(former or default is not None)


@pytest.mark.parametrize("dropped", [[1], ["x"], [-1], 5, [1 << 32], {"a": 1}])
def test_dropped_ids_that_are_none_are_malformed(dropped):
    document = {"columns": [{"id": 1, "name": "a", "type": "int64"}], "dropped": dropped}
    with pytest.raises(MalformedObjectError):
        schema.decode(json.dumps(document).encode(), "a table")


@given(JSON)
def test_a_schema_of_any_json_decodes_or_is_malformed(value):
    column = {"id": 1, "name": "a", "type": "int64"}
    documents = [value, {"columns": value}, {"columns": [value]}]
    documents += [{"columns": [{**column, key: value}]} for key in (*column, "former", "default")]
    documents += [{"columns": [column], "dropped": value}]
    for document in documents:
        try:
            schema.decode(json.dumps(document).encode(), "a table")
        except DeeplakeError as error:
            assert isinstance(error, MalformedObjectError)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_column_twice_is_malformed(name):
    columns = [{"id": 1, "name": "a"}, {"id": 1 if name == "b" else 2, "name": name}]
    with pytest.raises(MalformedObjectError, match="twice"):
        schema.decode(json.dumps({"columns": columns}).encode(), "a table")
