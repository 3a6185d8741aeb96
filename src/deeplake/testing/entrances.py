"""Every way into a handle: what it is called, how it is gone through, and what must come of it.

Three kinds. *Rows* are read: a restricted handle answers as the twin does, which never had the
hidden rows. *Refused*: PolicyError, and nothing is written. *Plain*: no row is read or written. A
new public name that is in none of these tables fails the test that walks the handles.
"""

from __future__ import annotations

import copy
import io
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import deeplake
from deeplake.testing.policy_world import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deeplake.api.database import Database
    from deeplake.api.dataset import Dataset
    from deeplake.api.query_view import QueryView
    from deeplake.storage.memory import MemoryStore


class Guarded:
    """Handles on the world, or on its twin.

    Args:
        store: of the repository.
        policies: what they may see; None for all.
        folder: where files may be written.
    """

    def __init__(self, store: MemoryStore, policies: Mapping[str, str] | None, folder: str) -> None:
        self.store, self.policies, self.folder = store, policies, folder

    def open(self, at: Any = "main", table: str = "t") -> Dataset:
        """A dataset of its own."""
        return deeplake.open(self.store, at, table=table, policies=self.policies)

    @property
    def ds(self) -> Dataset:
        """The dataset `t`."""
        return self.open()

    @property
    def db(self) -> Database:
        """The database."""
        return deeplake.connect(self.store, policies=self.policies)

    @property
    def view(self) -> QueryView:
        """A view of a query."""
        return self.ds.query("SELECT * FROM this WHERE n <> 4")

    def sql(self, text: str, parameters: Any = None) -> Any:
        """All rows of a statement."""
        return self.db.execute(text, parameters).fetchall()


class Entrance(NamedTuple):
    """One way in."""

    name: str
    kind: Literal["rows", "refused", "plain"]
    go: Callable[[Guarded], Any]


Ways = dict[str, "Callable[[Guarded], Any]"]


def _batches(loader: Any) -> list[Any]:
    return [{k: v.tolist() if hasattr(v, "tolist") else v for k, v in b.items()} for b in loader]


def _changes(found: Any) -> list[Any]:
    return [(c.kind, repr(c.old), repr(c.new)) for c in found]


def _again(value: Any) -> Any:
    return copy.deepcopy(value)  # by its __reduce__, as a process is given it


def _used(db: Database) -> Database:
    """A database that has answered something."""
    db.execute("SELECT 1").fetchall()
    return db


def _files(w: Guarded, rows: Any) -> Any:
    import pyarrow.parquet as pq

    rows.to_parquet(f"{w.folder}/rows.parquet")
    return pq.read_table(f"{w.folder}/rows.parquet").to_pylist()


def _copied(w: Guarded, text: str) -> str:
    file = io.StringIO()
    w.db.copy(text, file)
    return file.getvalue()


def _source(w: Guarded) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = f"{w.folder}/more.parquet"
    pq.write_table(pa.table({"id": [500]}), path)
    return path


def _on(handle: Callable[[Guarded], Any]) -> tuple[Ways, Ways, Ways]:
    """The verbs that datasets and databases share."""
    rows: Ways = {
        "diff": lambda w: _changes(handle(w).diff("v1", "main")),
        "diff since": lambda w: _changes(handle(w).diff("left...right")),
        "load_view": lambda w: handle(w).load_view("kept").fetchall(),
    }
    refused: Ways = {
        "abort_merge": lambda w: handle(w).abort_merge(),
        "branch": lambda w: handle(w).branch("more"),
        "cherry_pick": lambda w: handle(w).cherry_pick("dev"),
        "commit": lambda w: handle(w).commit("nothing"),
        "conflicts": lambda w: handle(w).conflicts(),
        "delete_branch": lambda w: handle(w).delete_branch("dev", force=True),
        "delete_tag": lambda w: handle(w).delete_tag("v1"),
        "delete_view": lambda w: handle(w).delete_view("kept"),
        "log": lambda w: handle(w).log(),
        "merge": lambda w: handle(w).merge("dev", into="main"),
        "optimize": lambda w: handle(w).optimize(progress=False),
        "rename_branch": lambda w: handle(w).rename_branch("dev", "other"),
        "reset": lambda w: handle(w).reset("v1"),
        "resolve": lambda w: handle(w).resolve("ours"),
        "revert": lambda w: handle(w).revert("main"),
        "save_view": lambda w: handle(w).save_view("more", w.view),
        "tag": lambda w: handle(w).tag("v2"),
        "vacuum": lambda w: handle(w).vacuum(no_writers=True, older_than=0, progress=False),
        "verify": lambda w: handle(w).verify(progress=False),
    }
    plain: Ways = {
        "__enter__": lambda w: type(handle(w).__enter__()).__name__,
        "__exit__": lambda w: handle(w).__exit__(None, None, None),
        "branch_name": lambda w: handle(w).branch_name,
        "branches": lambda w: handle(w).branches(),
        "close": lambda w: handle(w).close(),
        "commit_id": lambda w: handle(w).commit_id,
        "rollback": lambda w: handle(w).rollback(),
        "tags": lambda w: handle(w).tags(),
        "url": lambda w: handle(w).url,
        "views": lambda w: handle(w).views(),
    }
    return rows, refused, plain


def _moved(handle: Any, verb: str, *arguments: Any) -> Any:
    """A handle that was moved."""
    getattr(handle, verb)(*arguments)
    return handle


_DATASET: tuple[Ways, Ways, Ways] = (
    {
        "__copy__": lambda w: [*copy.copy(w.ds)],
        "__getitem__": lambda w: [
            w.ds[5],
            w.ds[-1],
            [*w.ds[1:4]],
            [*w.ds[[0, 3]]],
            w.ds["secret"][6],
            len(w.ds["id"]),
        ],
        "__iter__": lambda w: [*w.ds],
        "__len__": lambda w: [len(w.ds), len(w.open("v1")), len(w.open("dev"))],
        "__reduce__": lambda w: [*_again(w.ds)],
        "__repr__": lambda w: repr(w.ds),
        "_repr_html_": lambda w: w.ds._repr_html_(),
        "batches": lambda w: _batches(w.ds.batches(4)),
        "checkout": lambda w: [*_moved(w.ds, "checkout", "v1")],
        "df": lambda w: w.ds.df().to_dict("list"),
        "filter": lambda w: w.ds.filter("n > 1 OR id > 70000").fetchall(),
        "pytorch": lambda w: _batches(w.ds.pytorch(4, columns=["id", "secret", "v"])),
        "query": lambda w: w.ds.query("SELECT count(*), max(id), min(secret) FROM this").fetchall(),
        "refresh": lambda w: [*_moved(w.ds, "refresh")],
        "row_ids": lambda w: len(w.ds.row_ids),
        "summary": lambda w: [w.ds.summary(), str(w.ds.summary())],
        "to_arrow": lambda w: w.ds.to_arrow().to_pylist(),
        "to_parquet": lambda w: _files(w, w.ds),
    },
    {
        "add_column": lambda w: w.ds.add_column("more", "int"),
        "append": lambda w: w.open(table="s").append({"note": "seen"}),
        "delete": lambda w: w.ds.delete(where="id > 3"),
        "drop_column": lambda w: w.ds.drop_column("secret"),
        "extend": lambda w: w.ds.extend([{"id": 500, "tenant": "a"}]),
        "extend_from": lambda w: w.ds.extend_from(parquet=_source(w)),
        "rename_column": lambda w: w.ds.rename_column("secret", "open"),
        "update": lambda w: w.ds.update({"n": 1}, where="id >= 70000"),
        "upsert": lambda w: w.ds.upsert([{"id": NUMBERS[0], "secret": "seen"}]),
        "widen_column": lambda w: w.ds.widen_column("n", "float64"),
    },
    {
        "__contains__": lambda w: "secret" in w.ds,
        "_ipython_key_completions_": lambda w: w.ds._ipython_key_completions_(),
        "schema": lambda w: str(w.ds.schema),
        "table": lambda w: w.ds.table,
    },
)

_DATABASE: tuple[Ways, Ways, Ways] = (
    {
        "__copy__": lambda w: [*copy.copy(w.db).table("t")],
        "__reduce__": lambda w: _again(_used(w.db)).execute("SELECT * FROM t").fetchall(),
        "checkout": lambda w: [*_moved(w.db, "checkout", "dev").table("t")],
        "copy": lambda w: [_copied(w, "COPY t (id, secret) TO STDOUT"),
                           _copied(w, "COPY (SELECT * FROM u) TO STDOUT (FORMAT csv)")],
        "dataloader": lambda w: _batches(w.db.dataloader("t").filter("n > 0").to_numpy()),
        "execute": lambda w: w.sql("SELECT * FROM t WHERE n > %s", [0]),
        "query": lambda w: w.db.query("SELECT t.id, note FROM t JOIN u ON t_id = id").fetchall(),
        "refresh": lambda w: [*_moved(w.db, "refresh").table("u")],
        "table": lambda w: [[*w.db.table("t")], [*w.db.table("u")["note"]]],
    },
    {
        "create_table": lambda w: w.db.create_table("more", {"a": "int"}),
        "executemany": lambda w: w.db.executemany("INSERT INTO u VALUES (%s)", [(1,), (2,)]),
    },
    {
        "__repr__": lambda w: repr(w.db),
        "control": lambda w: w.db.control.interrupt(),
        "interrupt": lambda w: w.db.interrupt(),
        "make_repository": lambda w: w.db.make_repository(),
        "tables": lambda w: w.db.tables(),
    },
)  # fmt: skip

_VIEW: tuple[Ways, Ways, Ways] = (
    {
        "__getitem__": lambda w: [w.ds[2:9][1], [*w.ds[2:9][::2]], w.ds[2:9]["secret"][:]],
        "__iter__": lambda w: [*w.ds[2:9]],
        "__len__": lambda w: len(w.ds[2:]),
        "__repr__": lambda w: repr(w.ds[2:]),
        "batches": lambda w: _batches(w.ds[2:9].batches(4)),
        "df": lambda w: w.ds[2:].df().to_dict("list"),
        "filter": lambda w: [*w.ds[2:].filter("id IN (SELECT max(id) FROM t) OR n > 1")],
        "pytorch": lambda w: _batches(w.ds[2:9].pytorch(4, columns=["id", "v"])),
        "to_arrow": lambda w: w.ds[2:].to_arrow().to_pylist(),
        "to_parquet": lambda w: _files(w, w.ds[2:]),
    },
    {},
    {
        "_ipython_key_completions_": lambda w: w.ds[:1]._ipython_key_completions_(),
        "schema": lambda w: str(w.ds[:1].schema),
    },
)

_COLUMN: tuple[Ways, Ways, Ways] = (
    {
        "__array__": lambda w: np.asarray(w.ds["id"]),
        "__getitem__": lambda w: [
            w.ds["id"][:],
            w.ds["secret"][4],
            w.ds["v"][[1, 3]],
            w.ds["doc"][2:5],
            w.ds["n"][np.arange(len(w.ds)) < 3],
        ],
        "__iter__": lambda w: [*w.ds["tags"]],
        "__len__": lambda w: len(w.ds["img"]),
        "__reduce__": lambda w: [*_again(w.ds["secret"])],
        "__repr__": lambda w: repr(w.ds["secret"]),
        "data": lambda w: getattr(w.ds["id"].data(slice(None)), "values"),  # noqa: B009 - of any layout
        "encoded": lambda w: w.ds["img"].encoded[:],
        "stored": lambda w: w.ds["img"].stored(3),
    },
    {"__setitem__": lambda w: w.ds["n"].__setitem__(0, 1)},
    {
        "__eq__": lambda w: (column := w.ds["n"]) == column,
        "name": lambda w: w.ds["n"].name,
        "type": lambda w: str(w.ds["n"].type),
    },
)

_ENCODED: tuple[Ways, Ways, Ways] = (
    {
        "__getitem__": lambda w: [w.ds["img"].encoded[2], w.ds["secret"].encoded[:]],
        "__len__": lambda w: len(w.ds["img"].encoded),
        "__repr__": lambda w: repr(w.ds["img"].encoded),
    },
    {},
    {},
)

_QUERY_VIEW: tuple[Ways, Ways, Ways] = (
    {
        "__getitem__": lambda w: [w.view[3], [*w.view[1:3]], w.view["secret"][:]],
        "__iter__": lambda w: [*w.view],
        "__len__": lambda w: len(w.view),
        "__reduce__": lambda w: [_again(w.view).fetchall(), _batches(_again(w.view.batches(4)))],
        "batches": lambda w: _batches(w.view.batches(4)),
        "df": lambda w: w.view.df().to_dict("list"),
        "fetchall": lambda w: w.view.fetchall(),
        "filter": lambda w: w.view.filter("n > 1 OR id IN (SELECT t_id FROM u)").fetchall(),
        "fetchone": lambda w: w.db.query("SELECT * FROM t ORDER BY n DESC").fetchone(),
        "pytorch": lambda w: _batches(w.view.pytorch(4, columns=["id", "v"])),
        "question": lambda w: w.view.question.tables[0].values("id").to_pylist(),
        "to_arrow": lambda w: w.view.to_arrow().to_pylist(),
        "to_parquet": lambda w: _files(w, w.view),
    },
    {
        "explain": lambda w: w.view.explain(),
        "to_branch": lambda w: w.view.to_branch("more"),
    },
    {
        "__repr__": lambda w: repr(w.view),
        "partial": lambda w: w.view.partial,
        "schema": lambda w: str(w.db.query("SELECT n FROM u RIGHT JOIN t ON k = n").schema),
        "settled": lambda w: w.view.settled("this"),
    },
)

_QUERY_COLUMN: tuple[Ways, Ways, Ways] = (
    {
        "__getitem__": lambda w: [w.view["id"][2], w.view["v"][:3]],
        "__iter__": lambda w: [*w.view["secret"]],
        "__reduce__": lambda w: [*_again(w.view["secret"])],
        "__len__": lambda w: len(w.view["n"]),
        "__repr__": lambda w: repr(w.view["n"]),
        "encoded": lambda w: w.view["img"].encoded[1:4],
        "stored": lambda w: w.view["img"].stored(slice(None)),
    },
    {},
    {"name": lambda w: w.view["n"].name, "type": lambda w: str(w.view["n"].type)},
)

_LOADER: tuple[Ways, Ways, Ways] = (
    {
        "columns": lambda w: _batches(w.db.dataloader("t").columns(["secret"]).to_numpy()),
        "drop_last": lambda w: len(w.db.dataloader("t").batch_size(3).drop_last().to_numpy()),
        "filter": lambda w: _batches(w.db.dataloader("t").filter("n >= 4").to_numpy()),
        "shuffle": lambda w: _batches(w.db.dataloader("t").shuffle(7).to_numpy()),
        "batch_size": lambda w: len(w.db.dataloader("t").batch_size(2).to_numpy()),
        "to_numpy": lambda w: _batches(w.db.dataloader("u").to_numpy()),
        "to_torch": lambda w: _batches(w.db.dataloader("t").columns(["id"]).to_torch()),
    },
    {},
    {"__repr__": lambda w: repr(w.db.dataloader("t"))},
)


def _streamed(loader: Callable[[Guarded], Any]) -> tuple[Ways, Ways, Ways]:
    return (
        {
            "__iter__": lambda w: _batches(loader(w)),
            "__len__": lambda w: len(loader(w)),
            "__reduce__": lambda w: _batches(_again(loader(w))),
            "__repr__": lambda w: repr(loader(w)),
            "set_epoch": lambda w: _batches(_moved(loader(w), "set_epoch", 3)),
        },
        {},
        {
            "dtypes": lambda w: str(loader(w).dtypes),
            "epoch": lambda w: loader(w).epoch,
            "kinds": lambda w: str(loader(w).kinds),
        },
    )


def by_class() -> dict[type, tuple[Ways, Ways, Ways]]:
    """Class of a handle -> its ways in: rows, refused, plain."""
    from deeplake.api.column import Column, Encoded
    from deeplake.api.database import Database
    from deeplake.api.dataloader import DataLoader
    from deeplake.api.dataset import Dataset
    from deeplake.api.query_view import QueryColumn, QueryView
    from deeplake.api.view import View
    from deeplake.loaders.numpy import NumpyLoader
    from deeplake.loaders.torch import TorchLoader
    from deeplake.testing import entrances_sql

    return {
        Dataset: _joined(_on(lambda w: w.ds), _DATASET),
        Database: _joined(_on(lambda w: w.db), _DATABASE),
        View: _VIEW,
        Column: _COLUMN,
        Encoded: _ENCODED,
        QueryView: _QUERY_VIEW,
        QueryColumn: _QUERY_COLUMN,
        DataLoader: _LOADER,
        NumpyLoader: _streamed(lambda w: w.ds.batches(1)),
        TorchLoader: _streamed(lambda w: w.ds.pytorch(1, columns=["id", "v"])),
        **entrances_sql.by_class(),
    }


def _joined(a: tuple[Ways, Ways, Ways], b: tuple[Ways, Ways, Ways]) -> tuple[Ways, Ways, Ways]:
    return {**a[0], **b[0]}, {**a[1], **b[1]}, {**a[2], **b[2]}


def entrances() -> list[Entrance]:
    """All of them, statements of SQL included."""
    from deeplake.testing import entrances_sql

    kinds: tuple[Literal["rows", "refused", "plain"], ...] = ("rows", "refused", "plain")
    named = {f"{kind.__name__}": ways for kind, ways in by_class().items()}
    named["SQL"] = entrances_sql.STATEMENTS
    return [
        Entrance(f"{owner}.{name}", kind, go)
        for owner, ways in named.items()
        for kind, some in zip(kinds, ways, strict=True)
        for name, go in some.items()
    ]


def public_names(kind: type) -> set[str]:
    """What may be called of a handle: public names, and what Python calls, of our own classes."""
    found = {name for name in dir(kind) if name[0] != "_"}
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == "deeplake":
            found |= {n for n in vars(base) if n.startswith(("__", "_repr_", "_ipython_"))}
    return found - _OF_EVERY_CLASS


_OF_EVERY_CLASS = frozenset(
    ("__init__", "__module__", "__doc__", "__slots__", "__dict__", "__weakref__", "__hash__",
     "__annotations__", "__firstlineno__", "__static_attributes__", "__slotnames__")
)  # fmt: skip
