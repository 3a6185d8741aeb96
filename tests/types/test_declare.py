"""Spellings, Python types and JSON to column types and back."""

from __future__ import annotations

import datetime as dt
import decimal
import subprocess
import sys
import uuid
from typing import Any

import numpy as np
import pytest

import deeplake.types
from deeplake import settings, types
from deeplake.errors import SchemaError
from deeplake.types.base import Extra, FixedLayout, ListLayout, StructLayout, VarLayout
from deeplake.types.declare import from_json, parse, to_json
from deeplake.types.registry import CLASSES, HEADS


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("int", "int64"),
        ("float", "float64"),
        ("uint16", "uint16"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("decimal( 10 , 2 )", "decimal(10,2)"),
        ("decimal(5)", "decimal(5,0)"),
        ("timestamptz", "timestamptz"),
        ("emb-512", "emb-512"),
        ("emb-512:float16", "emb-512:float16"),
        ("emb-512:float32", "emb-512"),
        ("float16[16,64,64]", "float16[16,64,64]"),
        ("int[2]", "int64[2]"),
        ("uint8[*, 3, *, *]", "uint8[*,3,*,*]"),
        ("float32[...]", "float32[...]"),
        ("tensor", "tensor"),
        ("points", "points"),
        ("list<int>", "list<int64>"),
        (" list < list < emb-4 > > ", "list<list<emb-4>>"),
        ("struct<a: int, b: list<text>>", "struct<a: int64, b: list<text>>"),
        ('struct<"a ""b": int8>', 'struct<"a ""b": int8>'),
        ("struct<a:struct<b:uint8[*]>>", "struct<a: struct<b: uint8[*]>>"),
    ],
)
def test_a_spelling_has_one_canonical_name(spelling: str, name: str) -> None:
    assert parse(spelling).name == name
    assert parse(name).name == name


@pytest.mark.parametrize("head", sorted(HEADS))
def test_every_type_name_parses_or_says_what_it_needs(head: str) -> None:
    needs_more = {
        "emb": "emb-512",
        "decimal": "decimal(10,2)",
        "list": "list<",
        "struct": "struct<",
        "class_label": "class_label(cat, dog)",
    }
    if head in needs_more:
        with pytest.raises(SchemaError, match=r"needs|does not parse") as caught:
            parse(head)
        assert needs_more[head] in str(caught.value)
    else:
        assert from_json(to_json(parse(head))) == parse(head)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("Text", "Did you mean 'text'?"),
        ("embedding", "there is no column type 'embedding'. Write 'emb-512'."),
        ("imagee", "Did you mean 'image'?"),
        ("", "a type name expected at character 0, found the end"),
        ("int8 int8", "nothing more expected at character 5, found 'i'"),
        ("int(3)", "takes no parameters"),
        ("class_label", "'class_label(cat, dog)'"),
        ("class_label(2)", "ClassLabel(['cat', 'dog'])"),
        ("class_label(cat, 2)", "needs the names of its classes"),
        ("class_label()", "a number or name expected"),
        ("class_label(cat, cat)", "'cat' occurs twice"),
        ("list<class_label>", "needs the names of its classes"),
        ("struct<a: class_label>", "needs the names of its classes"),
        ("decimal(a, b)", "'decimal(10,2)'"),
        ("int7", "no column type 'int7'"),
        ("emb-0", "1 to 65,536 elements, got 0"),
        ("emb-70000", "1 to 65,536 elements, got 70000"),
        ("emb-4:int8", "'int8[4]'"),
        ("emb 4", "'-' expected"),
        ("decimal(39,2)", "decimal(39,2) does not exist"),
        ("decimal(4,5)", "decimal(4,5) does not exist"),
        ("decimal(1,2,3)", "'decimal(10,2)'"),
        ("tensor[2,3]", "needs an element type"),
        ("text[2]", "'text' is no element type of a tensor"),
        ("wat[2]", "there is no column type 'wat'"),
        ("float32[]", "a number expected"),
        ("float32[0]", "axis 0 of a tensor is no length"),
        ("float32[-1]", "a number expected"),
        ("float32[2,]", "a number expected"),
        ("float64[99999,99999]", "over the limit of 4,294,967,296"),
        ("uint8[" + ",".join("*" * 33) + "]", "1 to 32 axes, got 33"),
        ("list<int", "'>' expected at character 8, found the end"),
        ("struct<>", "a field name expected"),
        ("struct<a: int, a: text>", "'a' occurs twice"),
        ("struct<a int>", "':' expected"),
        ("x" * 70_000, "70,000 characters"),
        ("int" + "9" * 30, "no column type"),
        ("emb-" + "9" * 5000, "1 to 65,536 elements"),
        (None, "declares no column type"),
        (3, "declares no column type"),
        (list, "declares no column type"),
        (complex, "declares no column type"),
        (np.complex64, "declares no column type"),
        (types.Text, "Call it: deeplake.types.Text(…)"),
    ],
)
def test_a_spelling_that_makes_no_sense_is_refused(spec: Any, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse(spec)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("spelling", "written"),
    [
        ("string", "text"),
        ("str", "text"),
        ("VARCHAR(20)", "text"),
        ("utf8", "text"),
        ("boolean", "bool"),
        ("double", "float64"),
        ("double precision", "float64"),
        ("real", "float32"),
        ("bfloat16", "float16"),
        ("integer", "int"),
        ("bigint", "int64"),
        ("smallint", "int16"),
        ("int4", "int32"),
        ("float8", "float64"),
        ("f32", "float32"),
        ("u8", "uint8"),
        ("uint", "uint64"),
        ("bytes", "blob"),
        ("bytea", "blob"),
        ("datetime", "timestamp"),
        ("datetime64", "timestamp"),
        ("timestamp[us]", "timestamp"),
        ("date32", "date"),
        ("jsonb", "json"),
        ("dict", "json"),
        ("numeric", "decimal(10,2)"),
        ("numeric(5, 2)", "decimal(5,2)"),
        ("vector", "emb-512"),
        ("vector(16)", "emb-16"),
        ("halfvec(16)", "emb-16:float16"),
        ("embedding-16", "emb-16"),
        ("Embedding(16)", "emb-16"),
        ("emb(16)", "emb-16"),
        ("emb16", "emb-16"),
        ("text[]", "list<text>"),
        ("list[int]", "list<int>"),
        ("list<string>", "text"),
        ("array", "list<int>"),
        ("categorical", "class_label(cat, dog)"),
        ("enum", "class_label(cat, dog)"),
        ("jpeg", "image"),
        ("wav", "audio"),
        ("mp4", "video"),
        ("point_cloud", "points"),
        ("float32(16)", "float32[16]"),
        ("float32(16, 64)", "float32[16,64]"),
        ("text(20)", "text"),
        ("tensor<float32>", "float32[...]"),
        ("time", "int"),
        ("url", "text"),
        (list, "list<int>"),
        (list[int], "list<int>"),
        (decimal.Decimal, "decimal(10,2)"),
        (np.ndarray, "float32[16,64]"),
        (np.dtype("m8[us]"), "int"),
    ],
)
def test_the_name_of_a_type_elsewhere_is_told_as_it_is_written_here(
    spelling: Any, written: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        parse(spelling)
    assert f"Write '{written}'" in caught.value.hint
    assert parse(written) is not None
    with pytest.raises(SchemaError) as caught:
        deeplake.create("mem://spelled", schema={"c": spelling})
    assert f"Write '{written}'" in str(caught.value)


def test_an_option_between_brackets_is_told_where_it_goes() -> None:
    with pytest.raises(SchemaError, match=r"arguments of deeplake.types.Image\(…\)"):
        parse("image(jpeg)")


def test_no_name_of_a_type_here_is_one_of_elsewhere() -> None:
    from deeplake.types.synonyms import MEANT

    assert not MEANT.keys() & HEADS.keys()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (int, "int64"),
        (float, "float64"),
        (bool, "bool"),
        (str, "text"),
        (bytes, "blob"),
        (dict, "json"),
        (dt.date, "date"),
        (dt.datetime, "timestamp"),
        (uuid.UUID, "uuid"),
        (np.float32, "float32"),
        (np.bool_, "bool"),
        (np.dtype("u2"), "uint16"),
        (np.dtype(">i4"), "int32"),
        (np.dtype("U7"), "text"),
        (np.dtype("M8[ns]"), "timestamp"),
        (np.dtype("M8[D]"), "date"),
        (np.dtype(("f2", (4, 4))), "float16[4,4]"),
        (types.Image(encoding="jpeg"), "image"),
    ],
)
def test_python_and_numpy_types_declare_columns(spec: Any, name: str) -> None:
    assert parse(spec).name == name


def test_nesting_has_a_limit_in_every_form() -> None:
    most = settings.TYPE_DEPTH_MAX
    deepest = parse("list<" * most + "int" + ">" * most)
    assert from_json(to_json(deepest)) == deepest
    with pytest.raises(SchemaError, match="nested deeper than 16"):
        parse("list<" * (most + 1) + "int" + ">" * (most + 1))
    with pytest.raises(SchemaError, match="nested deeper than 16"):
        types.List(deepest)
    with pytest.raises(SchemaError, match="nested deeper than 16"):
        types.Struct({"a": deepest})


def test_layouts_say_how_rows_are_stored() -> None:
    def layout(spec: str) -> object:
        return parse(spec).layout

    assert layout("emb-3:float16") == FixedLayout("<f2", (3,), norms=True)
    assert layout("uuid") == FixedLayout("|u1", (16,))
    assert layout("timestamp") == FixedLayout("<i8")
    assert layout("float16[2,3]") == FixedLayout("<f2", (2, 3))
    assert layout("text") == VarLayout(compress=True)
    assert layout("uint8[*,3]") == VarLayout((Extra("shape", "<u4", 2),))
    assert layout("tensor") == VarLayout((Extra("shape", "<i8", -1), Extra("dtype", "|u1")))
    assert layout("list<text>") == ListLayout(VarLayout(compress=True))
    assert layout("struct<a: bool>") == StructLayout((("a", FixedLayout("|b1")),))


@pytest.mark.parametrize(
    "type_",
    [
        types.Text(index="bm25"),
        types.Image(encoding="webp", quality=70),
        types.ClassLabel(["a", "b"]),
        types.Embedding(7, metric="inner"),
        types.List(types.ClassLabel(["a"])),
        types.Struct({"x": types.List(types.Embedding(3, metric="l2")), "y": "int"}),
    ],
)
def test_options_survive_json(type_: types.ColumnType) -> None:
    stored = to_json(type_)
    again = from_json(stored)
    assert again == type_
    assert again.options() == type_.options()
    assert from_json({"type": type_.name}) != type_, "the name alone does not hold them"


def test_class_names_are_spelled_as_words_or_in_quotes() -> None:
    found = parse('list<class_label( cat, "big cat", "2", "say ""a""", "ü")>')
    assert found == types.List(types.ClassLabel(["cat", "big cat", "2", 'say "a"', "ü"]))
    assert from_json(to_json(found)) == found


def test_stored_columns_of_codes_without_names_are_still_read() -> None:
    for name in ("class_label", "list<class_label>", "struct<a: class_label>"):
        assert from_json({"type": name}).name == name
    assert from_json({"type": "class_label"}) == types.ClassLabel()


def test_types_with_other_options_differ() -> None:
    assert types.Embedding(3) != types.Embedding(3, metric="l2")
    assert types.ClassLabel(["a"]) != types.ClassLabel(["b"])
    assert types.Int(32) != types.ClassLabel()
    assert parse("int") == types.Int() == types.Int(64)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: types.Text(index="btree"), "a text index is None or 'bm25'"),
        (lambda: types.Image(encoding="gif"), "png, jpeg or webp, got 'gif'"),
        (lambda: types.Image(quality=50), "quality 50 is for jpeg and webp"),
        (lambda: types.Image(encoding="jpeg", quality=0), "from 1 to 100"),
        (lambda: types.Embedding(3, metric="cos"), "a metric is one of"),
        (lambda: types.Embedding("3"), "got '3'"),  # type: ignore[arg-type]
        (lambda: types.Int(7), "8, 16, 32 or 64 bits, got 7"),
        (lambda: types.Float(8), "16, 32 or 64 bits, got 8"),
        (lambda: types.ClassLabel(["a", "b", "a"]), "'a' occurs twice"),
        (lambda: types.ClassLabel("cat"), "class names are a list of str"),
        (lambda: types.Tensor(None, (2, 3)), "needs an element type"),
        (lambda: types.Tensor(None, (None, 3)), "needs an element type"),
        (lambda: types.Tensor("complex64", (2,)), "'complex64' is no element type"),
        (lambda: types.Tensor(object, (2,)), "'object' is no element type"),
        (lambda: types.Tensor("int", ()), "1 to 32 axes, got 0"),
        (lambda: types.Struct({}), "at least one field"),
        (lambda: types.Struct({"": "int"}), "a non-empty str"),
        (lambda: from_json({"metric": "l2"}), "needs a 'type' name"),
        (lambda: from_json({"type": "struct<a: int>", "fields": {"b": {}}}), "no field 'b'"),
    ],
)
def test_typed_forms_refuse_nonsense(make: Any, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        make()
    assert words in str(caught.value)


def test_typed_forms_are_all_named_by_the_package() -> None:
    assert set(CLASSES) <= set(deeplake.types.__all__)
    for name in deeplake.types.__all__:
        assert getattr(deeplake.types, name) is not None
    assert set(dir(deeplake.types)) == set(deeplake.types.__all__)
    assert deeplake.types.json.NULL is not None
    with pytest.raises(AttributeError, match="no attribute 'Embeding'"):
        _ = deeplake.types.Embeding


def loaded_by(code: str) -> set[str]:
    """Modules a fresh interpreter has loaded after `code`."""
    report = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_a_table_of_int_and_emb_loads_those_files_only() -> None:
    modules = loaded_by(
        "from deeplake.types.declare import from_json\n"
        "import numpy as np\n"
        "from_json({'type': 'int64'}).cell(np.int64(3))\n"
        "from_json({'type': 'emb-8', 'metric': 'cosine'}).cell(np.zeros(8, 'f4'))\n"
    )
    ours = {name.rpartition(".")[2] for name in modules if name.startswith("deeplake.types.")}
    assert ours >= {"scalar", "embedding"}
    others = {home for home in CLASSES.values() if home not in ("scalar", "embedding")}
    assert not ours & others
    heavy = {"pyarrow", "pandas", "PIL", "simplejpeg", "av", "uuid", "decimal", "json", "numpy.ma"}
    assert not modules & (heavy | {"logging", "pathlib", "asyncio", "dataclasses"})


def test_a_media_table_decodes_jpeg_without_pillow_or_arrow() -> None:
    modules = loaded_by(
        "import numpy as np, simplejpeg\n"
        "from deeplake.types.declare import parse\n"
        "jpeg = simplejpeg.encode_jpeg(np.zeros((4, 4, 3), 'u1'))\n"
        "t = parse('image')\n"
        "data = t.normalise([jpeg], column='i')\n"
        "t.values(data)\n"
    )
    assert not modules & {"PIL", "PIL.Image", "pyarrow", "pandas", "av"}


def test_arrow_in_and_out_never_loads_pandas() -> None:
    modules = loaded_by(
        "import numpy as np, datetime as dt, decimal, uuid\n"
        "from deeplake.types.declare import parse\n"
        "import deeplake.types as t\n"
        "rows = {'bool': True, 'int': 1, 'float16': 1.5, 'text': 'a', 'json': {'a': 1},\n"
        "  'blob': b'a', 'uuid': uuid.UUID(int=1), 'date': dt.date(2024, 1, 1),\n"
        "  'timestamp': dt.datetime(2024, 1, 1), 'decimal(4,1)': 3, 'class_label(a, b)': 1,\n"
        "  'emb-2': [1, 2], 'bool[2]': [True, False], 'int8[*]': np.ones(2, 'i1'),\n"
        "  'tensor': np.ones((2, 2)), 'list<list<int>>': [[1], None],\n"
        "  'struct<a: text>': {'a': 'x'}, 'image': np.zeros((2, 2), 'u1'),\n"
        "  'mesh': (np.zeros((1, 3)), np.zeros((1, 3), 'i4'))}\n"
        "for spec, value in rows.items():\n"
        "    type_ = parse(spec)\n"
        "    data = type_.normalise([value, None], column='c')\n"
        "    array = type_.to_arrow(data)\n"
        "    type_.values(type_.from_arrow(array.slice(0, 1), column='c'))\n"
    )
    assert "pyarrow" in modules
    assert "pandas" not in modules
