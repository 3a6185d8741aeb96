"""Ways into a handle by SQL and by differences; see `testing.entrances`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.testing.entrances import Guarded, Ways

_READ = (
    "SELECT * FROM t",
    "SELECT count(*), count(secret), count(img), min(id), max(id), sum(n), max(secret) FROM t",
    "SELECT count(*) FROM t",
    "SELECT max(id) FROM t",
    "SELECT id, img FROM t WHERE n > 3",
    "SELECT secret FROM t WHERE id IN (1, 3, 70000, 70700)",
    "SELECT secret FROM t WHERE id = 70001",
    "SELECT id FROM t WHERE secret LIKE 'canary%' OR id < 3",
    "SELECT id FROM t ORDER BY n DESC NULLS LAST, id LIMIT 4",
    "SELECT id FROM t WHERE 1 / (n - 70000) = 0 ORDER BY id",
    "SELECT n, img, count(*) FROM t GROUP BY n, img ORDER BY 1, 2",
    "SELECT t.id, note FROM t FULL JOIN u ON t_id = id ORDER BY 1, 2",
    "SELECT id, v <=> '[1,2,3,4]'::vector AS d FROM t ORDER BY d, id LIMIT 30",
    "SELECT id FROM t ORDER BY l2_distance(v, '[70000,70000,70000,70000]'::vector) LIMIT 3",
    "SELECT id, rank() OVER (ORDER BY id DESC) FROM t",
    "SELECT (SELECT max(n) FROM t), (SELECT count(*) FROM u)",
    "WITH x AS (SELECT * FROM t) SELECT secret, doc FROM x WHERE img IS NOT NULL",
    "SELECT id FROM t EXCEPT SELECT k FROM u ORDER BY 1",
    "SELECT * FROM w ORDER BY id",
    'SELECT id, secret FROM "t@dev"',
    "SELECT id, secret FROM at('t', 'v1')",
    "SELECT kind, old, new FROM deeplake_diff('t', 'v1', 'main')",
    "SELECT kind, old, new FROM deeplake_diff('u', 'v1')",
)

_REFUSED = (
    "SELECT * FROM closed",
    "SELECT id FROM t, closed",
    "SELECT * FROM deeplake_log",
    "SELECT * FROM deeplake_conflicts",
    "SELECT * FROM deeplake_diff('closed', 'main~9')",
    "SELECT deeplake_branch('more')",
    "SELECT deeplake_merge('dev')",
    "SELECT deeplake_revert('main')",
    "SELECT deeplake_tag('more')",
    "EXPLAIN SELECT * FROM t WHERE n > 70000",
    "EXPLAIN ANALYZE SELECT * FROM t",
    "INSERT INTO u VALUES (1, 1, 'seen')",
    "INSERT INTO s (note) VALUES ('seen') RETURNING k",
    "INSERT INTO t (id) VALUES (70000) ON CONFLICT (id) DO UPDATE SET tenant = 'a'",
    "UPDATE t SET tenant = 'a' WHERE id > 70000 RETURNING secret",
    "DELETE FROM t RETURNING secret",
    "MERGE INTO t USING u ON id = k WHEN MATCHED THEN DELETE",
    "TRUNCATE t",
    "CREATE TABLE more (a int)",
    "CREATE TABLE more AS SELECT * FROM t",
    "CREATE VIEW more AS SELECT * FROM t",
    "CREATE SCHEMA more",
    "ALTER TABLE t ADD COLUMN more int",
    "ALTER TABLE t ADD CONSTRAINT few CHECK (id < 70000)",
    "ALTER TABLE t RENAME TO more",
    "COMMENT ON TABLE t IS 'more'",
    "DROP TABLE t",
    "DROP VIEW w",
)

_PLAIN = (
    "SELECT 1",
    "BEGIN",
    "SELECT name, current, derived FROM deeplake_branches",
    "SELECT name FROM deeplake_tags",
    "SELECT deeplake_checkout('dev')",
)


def _asked(text: str) -> Callable[[Guarded], Any]:
    def go(w: Guarded) -> Any:
        cursor = w.db.execute(text)
        return cursor.fetchall() if cursor.columns else cursor.command

    return go


def _block(*texts: str) -> Callable[[Guarded], Any]:
    def go(w: Guarded) -> Any:
        db = w.db
        return [db.execute(text).command if "SELECT" not in text else db.execute(text).fetchall()
                for text in texts]  # fmt: skip

    return go


def _copy_from(w: Guarded) -> Any:
    return w.db.copy("COPY u FROM STDIN (FORMAT csv)", ["1,2,seen"])


STATEMENTS: tuple[Ways, Ways, Ways] = (
    {
        **{text: _asked(text) for text in _READ},
        "block": _block("BEGIN", "SELECT id FROM t", "COMMIT"),
    },
    {
        **{text: _asked(text) for text in _REFUSED},
        "block": _block("BEGIN", "DELETE FROM t", "COMMIT"),
        "locked": _block("BEGIN", "SELECT id FROM t FOR UPDATE", "COMMIT"),
        "COPY FROM": _copy_from,
    },
    {text: _asked(text) for text in _PLAIN},
)

_CURSOR: tuple[Ways, Ways, Ways] = (
    {
        "__iter__": lambda w: [*w.db.execute("SELECT secret FROM t")],
        "arrow": lambda w: w.db.execute("SELECT id, img FROM t").arrow().to_pylist(),
        "df": lambda w: w.db.execute("SELECT id, doc FROM t").df().to_dict("list"),
        "fetchall": lambda w: w.db.execute("SELECT tags, v FROM t").fetchall(),
        "fetchmany": lambda w: w.db.execute("SELECT note FROM u").fetchmany(9),
        "fetchone": lambda w: w.db.execute("SELECT max(note), count(*) FROM u").fetchone(),
    },
    {},
    {
        "__enter__": lambda w: w.db.execute("SELECT id FROM t").__enter__().command,
        "__exit__": lambda w: w.db.execute("SELECT id FROM t").__exit__(None, None, None),
        "__repr__": lambda w: repr(w.db.execute("SELECT id FROM t")),
        "arraysize": lambda w: w.db.execute("SELECT id FROM t").arraysize,
        "cancel": lambda w: w.db.execute("SELECT id FROM t").cancel(),
        "close": lambda w: w.db.execute("SELECT id FROM t").close(),
        "command": lambda w: w.db.execute("SELECT id FROM t").command,
        "columns": lambda w: len(w.db.execute("SELECT id FROM t").columns),
        "description": lambda w: w.db.execute("SELECT id FROM t").description,
        "rowcount": lambda w: w.db.execute("SELECT id FROM t").rowcount,
    },
)


def _rows(found: Any) -> list[Any]:
    return [(change.kind, repr(change.old), repr(change.new)) for change in found]


def _table(found: Any) -> Any:
    return found.drop_columns(["row_id"]).to_pylist()


def _differing(of: Callable[[Guarded], Any]) -> Ways:
    return {
        "__bool__": lambda w: [bool(of(w)), *map(bool, w.ds.diff("v2", "v3").tables.values())],
        "__iter__": lambda w: _rows(of(w)),
        "__len__": lambda w: len(of(w)),
        "__repr__": lambda w: _shown(repr(of(w))),
        "__str__": lambda w: _shown(str(of(w))),
        "df": lambda w: of(w).df().drop(columns="row_id").to_dict("list"),
        "summary": lambda w: of(w).summary(),
        "to_arrow": lambda w: _table(of(w).to_arrow()),
        "to_pandas": lambda w: of(w).to_pandas().drop(columns="row_id").to_dict("list"),
    }


def _shown(text: str) -> Sequence[str]:
    """A drawn diff, row ids left out."""
    return [re.sub(r"^( +[-+~]) row \d+ +", r"\1 ", line) for line in text.splitlines()]


def by_class() -> dict[type, tuple[Ways, Ways, Ways]]:
    """Class of a handle -> its ways in: rows, refused, plain."""
    from deeplake.api.cursor import Cursor
    from deeplake.api.diff import Changes, Diff, TableDiff

    def several(w: Guarded) -> Any:
        return w.db.diff("v1", "main")

    def one(w: Guarded) -> Any:
        return several(w).tables["t"]

    changes: Ways = {
        "__iter__": lambda w: [_rows(several(w).added), _rows(one(w).removed)],
        "__len__": lambda w: [len(several(w).removed), len(one(w).updated), len(one(w).added)],
        "__repr__": lambda w: [repr(several(w).updated), repr(one(w).removed)],
        "first": lambda w: [_rows(several(w).removed.first(4)), _rows(one(w).updated.first(4))],
    }
    refused: Ways = {"summary of all": lambda w: w.db.diff("main~9").summary()}
    return {
        Cursor: _CURSOR,
        Diff: (_differing(several), refused, {}),
        TableDiff: ({**_differing(one), "columns": lambda w: one(w).columns}, {}, {}),
        Changes: (changes, {}, {}),
    }
