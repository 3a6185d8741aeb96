"""The public face runs as it is promised: every piece of code that the contract names, verbatim.

A key is the code as the contract has it; where that has a placeholder (`{...}`, `…`, `a|b`), the
value is the same code with it filled in, else it is None. `LATER` are pieces that no room has yet,
with the reason; each of them is tried too, so that what is built must move out of the list.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pytest

import deeplake
from deeplake import types
from deeplake.errors import DeeplakeError, StagedChangesError
from deeplake.storage.memory import drop_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = {
    "id": "int primary_key", "prompt": "text", "label": "int", "rating": "int", "tags": "text",
    "image": "image", "emb": "emb-4", "quality_score": "float", "c": "float",
}  # fmt: skip


def picture(shade: int) -> np.ndarray[Any, Any]:
    return np.full((2, 3, 3), shade, np.uint8)


def png(shade: int) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(picture(shade)).save(out, "PNG")
    return out.getvalue()


def row(k: int) -> dict[str, Any]:
    return {
        "id": k, "prompt": f"a {k}", "label": k % 3, "rating": k % 6,
        "tags": "unsafe" if k % 4 == 0 else "safe", "image": png(k), "emb": np.full(4, k),
        "quality_score": k / 20, "c": k / 2,
    }  # fmt: skip


BLOCK = """
import deeplake                                   # < 30 ms: every heavy import is lazy

ds = deeplake.create(url, schema={...})           # fails if the table exists (exist_ok=True opens it)
ds = deeplake.open(url, at="main")                # branch, tag, commit id, "main~2" or datetime; read-only unless a branch
db = deeplake.connect(url, branch="main", user=None, token=None)   # the repository appears at the first write
deeplake.exists(url); deeplake.delete(url)
"""  # noqa: E501


def test_the_first_block(tmp_path: Path) -> None:
    names: dict[str, Any] = {"url": str(tmp_path / "r"), "schema": {"a": "int"}}
    exec(BLOCK.replace("{...}", '{"a": "int"}'), names)
    assert not deeplake.exists(names["url"])
    assert not deeplake.connect(names["url"]).tables(), "nothing appears before the first write"
    assert not deeplake.exists(names["url"])


# --- what is run, paragraph by paragraph ---------------------------------------------------------

SCHEMAS = """{'prompt': 'text', 'image': 'image', 'emb': 'emb-1536', 'rating': 'int'}
bool int int8 int16 int32 int64 uint8 uint16 uint32 uint64 float float16 float32 float64
decimal(12,3) text json blob uuid date timestamp image video audio tensor points mesh
emb-7 emb-7:float16 float16[16,64,64] uint8[*,3,*,*] list<int> list<image> list<emb-128>
struct<a:int,b:text>"""

ROWS = {
    "ds[i]": None,
    "ds[a:b]": None,
    'ds["c"][i]': None,
    'ds["c"][[…]]': 'ds["c"][[3, 1]]',
    'ds["c"][a:b]': None,
    'ds["c"][mask]': None,
    'ds["image"][i]': None,
    'ds["image"].encoded[i or list]': 'ds["image"].encoded[i], ds["image"].encoded[[1, 2]]',
    'ds["label"][5] = 3': None,
    "ds.update(values, where=|rows=|row_ids=)": "ds.update(values, where='id < 3'), "
    "ds.update(values, rows=[4]), ds.update({'label': 7}, row_ids=ids[:2])",
    'deeplake.expr("rating + 1")': "ds.update({'rating': deeplake.expr(\"rating + 1\")}, "
    "where='rating IS NOT NULL')",
    'ds.upsert(rows, on="id")': "ds.upsert([{'id': 0, 'label': 9}, {'id': 999}], on=\"id\")",
    "ds.delete(where=|rows=|row_ids=)": "ds.delete(where='id = 999'), ds.delete(rows=[0]), "
    "ds.delete(row_ids=ids[5:6])",
    "ds.append({...})": "ds.append({'id': 100})",
    "ds.extend(rows)": "ds.extend([{'id': 101}]), ds.extend({'id': [102, 103]}), "
    "ds.extend(pa.table({'id': [104]})), ds.extend(pa.table({'id': [105]}).to_reader()), "
    "ds.extend(pd.DataFrame({'id': [106]})), ds.extend({'id': k} for k in (107, 108))",
}
COLUMNS = {
    "ds.add_column/drop_column/rename_column": "ds.add_column('more', 'int', 8), "
    "ds.rename_column('more', 'extra'), ds.drop_column('extra')",
}
TRANSACTIONS = {
    "refresh()": "ds.refresh()",
    'ds.commit("message")': None,
    ".id .message .author .time .parents": "[getattr(head, n) for n in "
    "'id message author time parents'.split()]",
    "ds.rollback()": None,
    "BEGIN … COMMIT": "db.execute('BEGIN'), db.execute('UPDATE data SET label = 1'), "
    "db.execute('COMMIT')",
    "log()": "ds.log()",
    "all=True": "ds.log(all=True)",
}
VERSIONING = {
    "branch(name, at=None, switch=True)": "branch('dev', at=None, switch=True)",
    "checkout(name)": "checkout('main')",
    "branches()": None,
    "rename_branch": "rename_branch('dev', 'dev2')",
    "delete_branch": "delete_branch('dev2')",
    "tag(name, at=None)": "tag('v1', at=None)",
    "tags()": None,
    "log(n=None, all=False)": None,
    "diff(a, b=None)": "diff('v1', b=None), diff('v1', 'main')",
    ".to_arrow()": "diff('v1', 'main').to_arrow()",
    'merge(source, into=None, on_conflict="raise"|"ours"|"theirs"|callable)':
        "[merge('other', into=None, on_conflict=p) for p in ('raise', 'ours', 'theirs', "
        "lambda c: c.ours)]",
    "conflicts()": None,
    "revert(commit)": "revert(commit)",
    "cherry_pick(commit)": "cherry_pick(on_side)",
    "reset(commit)": None,
    "optimize()": None,
    "vacuum(older_than=...)": "vacuum(older_than=dt.timedelta(days=7))",
    "verify()": None,
    "tag:x": "checkout('tag:v1')",
    "~n": "checkout('main~1')",
}  # fmt: skip
IN_SQL = {
    "deeplake_log": "db.execute('SELECT * FROM deeplake_log')",
    "deeplake_diff('t','a','b')":
        "db.execute(\"SELECT * FROM deeplake_diff('data','v1','main')\")",
    "deeplake_conflicts": "db.execute('SELECT * FROM deeplake_conflicts')",
    '"t@branch"': "db.execute('SELECT count(*) FROM \"data@main\"')",
    "at('t', ref)": "db.execute(\"SELECT count(*) FROM at('data', :ref)\", {'ref': 'v1'})",
    "db.execute(sql, params)": "db.execute('SELECT id FROM data WHERE id > %s', [5])",
    "db.executemany": "db.executemany('UPDATE data SET label = %s WHERE id = %s', [(1, 2)])",
    ".arrow()": "db.execute('SELECT id FROM data').arrow()",
    ".df()": "db.execute('SELECT id FROM data').df()",
    "cosine_similarity": "db.execute('SELECT cosine_similarity(emb, %s) FROM data', [v])",
    "l2_distance": "db.execute('SELECT l2_distance(emb, %s) FROM data', [v])",
    "inner_product": "db.execute('SELECT inner_product(emb, %s) FROM data', [v])",
    "<=>": "db.execute('SELECT id FROM data ORDER BY emb <=> %s LIMIT 2', [v])",
    "<->": "db.execute('SELECT id FROM data ORDER BY emb <-> %s LIMIT 2', [v])",
    "<#>": "db.execute('SELECT id FROM data ORDER BY emb <#> %s LIMIT 2', [v])",
}  # fmt: skip
VIEWS = {
    "ds.query(sql, params)": "ds.query('SELECT id, image FROM data WHERE id > :n', {'n': 3})",
    "this": "ds.query('SELECT count(*) AS n FROM this').fetchone()",
    "ds.filter(\"rating >= 4 AND tags != 'unsafe'\")": None,
    "fetchone/fetchall": "view.fetchone(), view.fetchall()",
    ".explain()": "view.explain()",
    ".pytorch(...)": "list(view.pytorch(batch_size=4))",
    '.to_branch("training-set-v12", message=…)':
        'view.to_branch("training-set-v12", message="the best")',
    ".to_arrow()/.df()/.to_parquet()": "view.to_arrow(), view.df(), view.to_parquet(file)",
    'ds.pytorch(batch_size=64, shuffle=True|"full"|False, seed=0, columns=None, drop_last=False)':
        "[list(ds.pytorch(batch_size=64, shuffle=s, seed=0, columns=None, drop_last=False)) "
        "for s in (True, 'full', False)]",
    ".batches(...)": "list(ds.batches(batch_size=5))",
    'db.dataloader("generations").filter("quality_score > 0.85").columns([...]).shuffle(seed)'
    ".batch_size(4).to_torch()":
        "list(db.dataloader(\"generations\").filter(\"quality_score > 0.85\").columns(['id'])"
        ".shuffle(seed).batch_size(4).to_torch())",
    ".to_numpy()": "list(db.dataloader('generations').to_numpy())",
    "len()": "len(ds.batches(batch_size=5))",
    "set_epoch": "ds.batches(batch_size=5, shuffle=True).set_epoch(3)",
}  # fmt: skip


@pytest.fixture
def names(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """What the snippets speak of: a dataset of twenty rows, and the database around it."""
    place = f"face-{request.node.name}"
    ds = deeplake.create(f"mem://{place}", schema=SCHEMA)
    ds.extend([row(k) for k in range(20)])
    ds.commit("twenty rows")
    db = deeplake.connect(f"mem://{place}")
    made = db.create_table("generations", {"id": "int", "quality_score": "float"})
    made.extend([{"id": k, "quality_score": k / 10} for k in range(11)])
    db.commit("generations")
    ds.refresh()
    yield {
        "deeplake": deeplake, "types": types, "ds": ds, "db": db, "i": 7, "a": 2, "b": 5,
        "mask": np.arange(20) < 3, "pa": pa, "pd": pd, "np": np, "dt": dt, "v": np.ones(4),
        "values": {"label": 5}, "ids": ds.row_ids, "seed": 3, "file": tmp_path / "v.parquet",
        "head": ds.log()[0], "view": ds.filter("id > 10"),
    }  # fmt: skip
    drop_memory(place)


def ran(pieces: dict[str, str | None], names: dict[str, Any]) -> dict[str, Any]:
    """Piece -> what it gave; one that sets something gives nothing."""
    found = {}
    for piece, filled in pieces.items():
        code = piece if filled is None else filled
        try:
            compiled = compile(code, piece, "eval")
        except SyntaxError:
            exec(compile(code, piece, "exec"), names)
        else:
            found[piece] = eval(compiled, names)
    return found


def test_schemas_by_their_names(names: dict[str, Any]) -> None:
    written, *spellings = SCHEMAS.split("\n", 1)
    assert list(deeplake.create("mem://face-s", schema=eval(written)).schema) == [
        "prompt", "image", "emb", "rating"
    ]  # fmt: skip
    drop_memory("face-s")
    for spelling in spellings[0].split():
        for suffix in ("", " not_null"):
            ds = deeplake.create("mem://face-t", schema={"x": spelling + suffix})
            assert list(ds.schema) == ["x"]
            if not suffix:
                ds.append({"x": None})
                assert ds[0] == {"x": None}, "every column is nullable unless not_null"
            drop_memory("face-t")
    forms = ran({
        'Image(encoding="jpeg")': 'types.Image(encoding="jpeg")',
        'Embedding(1536, metric="cosine")': 'types.Embedding(1536, metric="cosine")',
        'Text(index="bm25")': 'types.Text(index="bm25")',
        "ClassLabel([...])": "types.ClassLabel(['cat', 'dog'])",
    }, names)  # fmt: skip
    deeplake.create("mem://face-u", schema={f"c{k}": t for k, t in enumerate(forms.values())})
    drop_memory("face-u")
    assert str(deeplake.types.declare.parse("int")) == str(deeplake.types.declare.parse("int64"))
    inferred = deeplake.create("mem://face-v")
    inferred.append({"a": 1, "b": "x"})
    assert list(inferred.schema) == ["a", "b"], "without schema the first rows give it"
    drop_memory("face-v")


def test_rows(names: dict[str, Any]) -> None:
    found = ran(ROWS, names)
    assert found["ds[i]"]["prompt"] == "a 7"
    assert [each["id"] for each in found["ds[a:b]"]] == [2, 3, 4]
    assert found['ds["c"][i]'] == 3.5
    assert found['ds["c"][[…]]'].tolist() == [1.5, 0.5]
    assert found['ds["c"][a:b]'].tolist() == [1.0, 1.5, 2.0]
    assert found['ds["c"][mask]'].tolist() == [0.0, 0.5, 1.0]
    assert np.array_equal(found['ds["image"][i]'], picture(7))
    assert found['ds["image"].encoded[i or list]'] == (png(7), [png(1), png(2)])
    assert found["ds.extend(rows)"] == (1, 2, 1, 1, 1, 2)
    assert found["ds.update(values, where=|rows=|row_ids=)"] == (3, 1, 2)
    assert found['deeplake.expr("rating + 1")'] == 20
    assert found['ds.upsert(rows, on="id")'] == (1, 1)
    assert found["ds.delete(where=|rows=|row_ids=)"] == (1, 1, 1)
    ds = names["ds"]
    ds.commit("rows changed")
    assert len(ds) == 20 + 9 - 2
    ran(COLUMNS, names)


def test_image_values_of_every_kind(names: dict[str, Any], tmp_path: Path) -> None:
    ds, path = names["ds"], tmp_path / "p.png"
    path.write_bytes(png(40))
    with path.open("rb") as file:
        for k, value in enumerate(
            [picture(40), PIL.Image.fromarray(picture(40)), png(40), path, str(path), file]
        ):
            ds.append({"id": 50 + k, "image": value})
        ds.commit("an array, a picture, encoded bytes, a path, a text, a file")
    assert all(np.array_equal(ds["image"][20 + k], picture(40)) for k in range(6))
    assert ds["image"].encoded[[22, 23, 24, 25]] == [png(40)] * 4, "encoded bytes are kept"


def test_transactions(names: dict[str, Any]) -> None:
    ds, db = names["ds"], names["db"]
    ds.append(row(20))
    assert (len(ds), len(deeplake.open(ds.url, table="data"))) == (21, 20), "a handle reads its own"
    assert ds.filter("id = 20")["id"][:].tolist() == [20]
    ds.rollback()
    found = ran(TRANSACTIONS, names)
    assert found['ds.commit("message")'].id == names["head"].id, "nothing staged: the head"
    assert [c.message for c in found["log()"]] == ["generations", "twenty rows"]
    assert len(found["all=True"]) > len(found["log()"])
    assert ds["label"][2] == 2, "a dataset stays on its snapshot"
    assert db.execute("SELECT label FROM data WHERE id = 2").fetchone() == (1,)
    ds.refresh()
    assert ds["label"][2] == 1
    with ds:
        ds.append(row(21))
    assert len(deeplake.open(ds.url, table="data")) == 21, "leaving a with block commits on success"

    def fail() -> None:
        with ds:
            ds.append(row(22))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(ds) == 21


@pytest.mark.parametrize(
    "doing",
    [
        "ds.pytorch()", "ds.batches()", "ds.filter('true').to_branch('x')", "ds.branch('x')",
        "ds.save_view('x', ds.filter('true'))", "ds.checkout('main')", "ds.merge('other')",
        "ds.revert('main')", "ds.extend_from(parquet=file)",
    ],
)  # fmt: skip
def test_what_pins_or_moves_a_commit_refuses_while_something_is_staged(
    names: dict[str, Any], doing: str
) -> None:
    names["ds"].branch("other", switch=False)
    names["view"].to_parquet(names["file"])
    names["ds"].append(row(30))
    with pytest.raises(StagedChangesError, match="commit"):
        eval(doing, names)
    assert len(names["ds"]) == 21
    assert names["ds"].branches() == ["main", "other"]


@pytest.mark.parametrize("handle", ["ds", "db"])
def test_versioning_by_either_handle(names: dict[str, Any], handle: str) -> None:
    each = names[handle]
    each.branch("other")
    side = deeplake.open(each.url, at="other", table="data")
    side.append(row(40))
    names["on_side"] = side.commit("on a side").id
    deeplake.open(each.url, table="data").branch("third")
    each.checkout("main")
    names["commit"] = each.commit_id
    for verb in dir(each):
        names.setdefault(verb, getattr(each, verb) if verb[0] != "_" else None)
    pieces = dict(VERSIONING)
    found = ran({"cherry_pick(commit)": pieces.pop("cherry_pick(commit)")}, names)
    names["commit"] = each.commit_id
    found |= ran(pieces, names)
    assert found["branch(name, at=None, switch=True)"] == "dev"
    assert found["branches()"] == ["dev", "main", "other", "third"]
    assert found["cherry_pick(commit)"].message == "on a side"
    assert found["conflicts()"] == []
    assert found["verify()"].ok
    with pytest.raises(DeeplakeError, match="read-only"):
        each.reset("v1")


def test_a_conflict_is_raised_kept_and_resolved(names: dict[str, Any]) -> None:
    ds = names["ds"]
    ds.branch("other")
    ds["label"][5] = 70
    ds.commit("theirs")
    ds.checkout("main")
    ds["label"][5] = 80
    ds.commit("ours")
    with pytest.raises(deeplake.errors.MergeConflictError):
        ds.merge("other", into=None, on_conflict="raise")
    assert [(c.ours, c.theirs) for c in ds.conflicts()] == [(80, 70)]
    told = names["db"].execute("SELECT * FROM deeplake_conflicts").fetchall()
    assert len(told) == 1
    assert ds.resolve(keep="theirs") == []
    assert ds["label"][5] == 70


def test_sql(names: dict[str, Any]) -> None:
    names["ds"].tag("v1")
    found = ran(IN_SQL, names)
    assert found["db.execute(sql, params)"].fetchall() == [(k,) for k in range(6, 20)]
    assert found['"t@branch"'].fetchone() == found["at('t', ref)"].fetchone() == (20,)
    assert found[".arrow()"].num_rows == len(found[".df()"]) == 20
    db = names["db"]
    assert db.execute("SELECT ID, Prompt FROM Data WHERE ID = 3").fetchall() == [(3, "a 3")]


def test_views_and_loaders(names: dict[str, Any]) -> None:
    found = ran(VIEWS, names)
    kept = [k for k in range(20) if k % 6 >= 4 and k % 4]
    assert found["ds.filter(\"rating >= 4 AND tags != 'unsafe'\")"]["id"][:].tolist() == kept
    assert found["this"] == (20,)
    one, rest = found["fetchone/fetchall"]
    assert [each[0] for each in [one, *rest]] == list(range(11, 20))
    branch = deeplake.open(names["ds"].url, at="training-set-v12", table="data")
    assert branch["id"][:].tolist() == list(range(11, 20))
    assert branch.log()[0].message == "the best"
    assert [len(found[".to_arrow()/.df()/.to_parquet()"][k]) for k in (0, 1)] == [9, 9]
    (batch,) = found[next(k for k in VIEWS if k.startswith("db.dataloader"))]
    assert sorted(batch["id"].tolist()) == [9, 10]
    assert found["len()"] == 4
    fresh = deeplake.create("mem://face-x", schema=SCHEMA)
    assert fresh.extend_from(parquet=names["file"], types={}).message
    assert len(fresh) == 9
    drop_memory("face-x")


def test_errors_have_a_code_a_state_and_a_hint(names: dict[str, Any]) -> None:
    for name in ("CommitConflictError", "MergeConflictError", "ColumnNotFoundError",
                 "ChecksumError"):  # fmt: skip
        kind = getattr(deeplake.errors, name)
        assert issubclass(kind, DeeplakeError)
        assert kind.code
        assert len(kind.sqlstate) == 5
    with pytest.raises(deeplake.errors.ColumnNotFoundError) as caught:
        names["ds"]["ratin"]
    assert "rating" in str(caught.value.hint)


# --- what comes later ----------------------------------------------------------------------------

INDEXES = "indexes and search have an issue of their own"
LOADERS = "the loaders have an issue of their own; issue 2 asks for a first one"
SOURCES = "issue 2 asks for Parquet alone, other sources come later"
SERVER = "the server has an issue of its own"
LATER = {
    "deeplake.copy(src, dst)": "in no issue so far",
    "class_label": "a class label without names of its classes is refused: ClassLabel([...])",
    "Link(Image())": "links are no type of issue 2",
    'ds["video"][3][10:20]': "issue 2: frame access comes later",
    **dict.fromkeys(
        (f"ds.extend_from({kind}='x')" for kind in
         ("delta", "iceberg", "csv", "json", "images", "coco", "webdataset", "huggingface")),
        SOURCES),
    'ds.search(vector=, column=, text=, text_column=, where=, k=10, exact=False, method="rrf")':
        INDEXES,
    'ds.create_index("col", …)': INDEXES,
    "bm25(col, 'query')": INDEXES,
    "@@": INDEXES,
    "hybrid(...)": INDEXES,
    ".jax(...)": LOADERS,
    ".tensorflow(...)": LOADERS,
    ".to_jax()": LOADERS,
    ".to_tensorflow()": LOADERS,
    **dict.fromkeys(
        ("transform=None", "device=None", "num_threads=None", "rank=None", "world_size=None"),
        LOADERS),
    "state_dict()": LOADERS,
    "load_state_dict()": LOADERS,
    "stats()": LOADERS,
    "user, token": SERVER,
}  # fmt: skip
TRIED = {
    "deeplake.copy(src, dst)": "deeplake.copy('mem://a', 'mem://b')",
    "class_label": "deeplake.create('mem://face-w', schema={'x': 'class_label'})",
    "Link(Image())": "types.Link(types.Image())",
    'ds["video"][3][10:20]': "clips['video'][0][10:20].shape",
    'ds.search(vector=, column=, text=, text_column=, where=, k=10, exact=False, method="rrf")':
        "ds.search(vector=v, column='emb')",
    'ds.create_index("col", …)': "ds.create_index('emb')",
    "bm25(col, 'query')": "db.execute(\"SELECT bm25(prompt, 'a') FROM data\")",
    "@@": "db.execute(\"SELECT prompt @@ 'a' FROM data\")",
    "hybrid(...)": 'db.execute("SELECT hybrid(emb, prompt) FROM data")',
    ".jax(...)": "ds.jax()",
    ".tensorflow(...)": "ds.tensorflow()",
    ".to_jax()": "db.dataloader('data').to_jax()",
    ".to_tensorflow()": "db.dataloader('data').to_tensorflow()",
    "state_dict()": "ds.batches().state_dict()",
    "load_state_dict()": "ds.batches().load_state_dict({})",
    "stats()": "ds.batches().stats()",
    "user, token": "deeplake.connect('mem://a', user='u', token='t')",
}  # fmt: skip


@pytest.mark.parametrize("piece", LATER)
def test_what_comes_later_is_not_there_yet(names: dict[str, Any], piece: str) -> None:
    clips = deeplake.create("mem://face-clips", schema={"video": "video"})
    names["clips"] = clips
    clips.append({"video": None})
    code = TRIED.get(piece, piece if "(" in piece else f"ds.pytorch({piece.partition('=')[0]}=1)")
    try:
        with pytest.raises((AttributeError, TypeError, DeeplakeError)):
            eval(code, names)
    finally:
        drop_memory("face-clips")
