"""Primary keys and unique columns: declared, kept, and never broken by whatever is written."""

from __future__ import annotations

import pytest

import deeplake
from deeplake import types
from deeplake.errors import SchemaError, TableExistsError


def test_words_behind_a_type_declare_keys(url):
    schema = {
        "a": "int primary_key",
        "b": ("text", "primary_key"),
        "c": "text not_null unique",
        "d": (types.Uuid(), "not_null", "unique"),
        "e": "int UNIQUE NOT NULL",
        "f": "int",
    }
    deeplake.create(url, schema=schema)
    found = deeplake.open(url).schema
    assert found.primary_key == ("a", "b")
    assert found.unique == {"c", "d", "e"}
    assert found.not_null == {"a", "b", "c", "d", "e"}
    assert repr(found).splitlines()[0].split() == ["a", "int64", "primary_key"]
    assert repr(found).splitlines()[2].split() == ["c", "text", "not_null", "unique"]
    shown = str(deeplake.open(url).summary())
    assert "int64 primary_key" in shown
    assert "uuid not_null unique" in shown


def test_the_schema_of_a_table_makes_the_same_keys_elsewhere(url):
    first = deeplake.create(url, schema={"a": "int primary_key", "b": "text unique"}, table="one")
    second = deeplake.create(url, schema=first.schema, table="two")
    assert second.schema.primary_key == ("a",)
    assert second.schema.unique == {"b"}
    assert second.schema.not_null == {"a"}


@pytest.mark.parametrize("kind", ["emb-4", "json", "image", "float32[2]", "list<int>", "tensor"])
@pytest.mark.parametrize("word", ["primary_key", "unique"])
def test_what_has_no_plain_equality_cannot_be_a_key(url, kind, word):
    with pytest.raises(SchemaError, match=r"column 'k' is .*, which cannot be a key"):
        deeplake.create(url, schema={"k": f"{kind} {word}"})
    assert not deeplake.exists(url)


def test_a_table_with_other_keys_is_another_table(url):
    deeplake.create(url, schema={"a": "int unique"})
    deeplake.create(url, schema={"a": "int unique"}, exist_ok=True)
    with pytest.raises(SchemaError, match="'a' is int64 unique, not int64"):
        deeplake.create(url, schema={"a": "int"}, exist_ok=True)
    with pytest.raises(TableExistsError):
        deeplake.create(url, schema={"a": "int unique"})
