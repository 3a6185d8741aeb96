"""A repository with rows that a principal must not see, and one that never had them.

Hidden rows carry a canary in every column: the word, or a number over 70,000. `store(hidden=False)`
makes the twin, by the same commits without these rows, so whatever is asked of a restricted handle
of the one must be answered as by any handle of the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

import deeplake
from deeplake.errors import MergeConflictError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.database import Database

POLICIES = {"t": "tenant = 'a'", "u": "note NOT LIKE 'canary%'", "s": "true"}
"""What the principal may see; of the table `closed` nothing."""

CANARY = b"canary"
NUMBERS = range(70_000, 72_000)
"""No other number of the world is among these."""

_COMMIT = re.compile(r"\b[0-9a-f]+-[0-9a-f]+-[0-9a-f]{16}\b")


def _row(k: int, tenant: str = "a") -> dict[str, Any]:
    return {
        "id": k, "tenant": tenant, "secret": None if k % 7 == 5 else f"seen {k}", "n": k % 5,
        "img": bytes([k]) * 3, "v": np.full(4, k + 1, np.float32), "tags": [f"tag {k}"],
        "doc": {"k": k},
    }  # fmt: skip


def _hidden(k: int) -> dict[str, Any]:
    number = NUMBERS[k]
    return {
        "id": number, "tenant": "canary", "secret": f"canary {k}", "n": number,
        "img": CANARY + bytes([k]), "v": np.full(4, number, np.float32), "tags": ["canary"],
        "doc": {"canary": k},
    }  # fmt: skip


def store(*, hidden: bool = True) -> MemoryStore:
    """The repository: main with some commits, `dev`, tags, a view of SQL, a saved one, branches
    that merged each other, and a merge that waits for decisions.
    """
    made = MemoryStore("guarded")
    db = deeplake.connect(made, optimize="off")
    _tables(db, hidden=hidden)
    _change(db, hidden=hidden)
    _crossed(db, hidden=hidden)
    _versions(db, hidden=hidden)
    return made


def copy_of(original: MemoryStore) -> MemoryStore:
    """The same objects in a store of their own."""
    made = MemoryStore("guarded")
    made._objects = dict(original._objects)
    return made


def _tables(db: Database, *, hidden: bool) -> None:
    t = db.create_table(
        "t",
        {"id": "int primary_key", "tenant": "text", "secret": "text", "n": "int", "img": "blob",
         "v": "emb-4", "tags": "list<text>", "doc": "json"},
    )  # fmt: skip
    for step, (low, high) in enumerate(((0, 12), (12, 13), (13, 13), (13, 20))):
        rows = [_hidden(100 + 3 * step + k) for k in range(3)]  # the third step has no others
        for k in range(low, high):
            rows += [_hidden(2 * k), _row(k), _hidden(2 * k + 1)]
        t.extend([row for row in rows if hidden or row["tenant"] == "a"])
        db.commit(f"rows {low} to {high}")
    closed = db.create_table("closed", {"c": "text"})
    db.create_table("u", {"k": "int", "t_id": "int", "note": "text"})
    notes = [{"k": k, "t_id": 2 * k, "note": f"note {k}"} for k in range(6)]
    canaries = [{"k": NUMBERS[k], "t_id": k, "note": f"canary {k}"} for k in range(9)]
    db.table("u").extend([*notes, *(canaries if hidden else ())])
    closed.extend([{"c": "canary" if hidden else "-"}])
    db.commit("other tables")
    db.execute("CREATE TABLE s (k SERIAL PRIMARY KEY, note text)")
    db.execute("CREATE VIEW w AS SELECT id, secret FROM t")


def _change(db: Database, *, hidden: bool) -> None:
    """Rows change, go, and leave what can be seen; then only hidden ones do. Tags tell it apart."""
    t = db.table("t")
    db.tag("v1")
    t.update({"secret": "seen again", "n": 4}, where="id = 3")
    t.delete(where="id IN (9, 10)")
    if hidden:
        first, second = NUMBERS[0], NUMBERS[3]
        t.update({"secret": "canary again"}, where=f"id = {first}")
        t.delete(where=f"id = {second}")
        changed = {"tenant": "canary", "secret": "canary moved", "n": NUMBERS[900]}
        t.update({**changed, "doc": {"canary": 1}}, where="id = 6")
        db.table("u").update({"note": "canary"}, where="k = 5")
    else:
        t.delete(where="id = 6")
        db.table("u").delete(where="k = 5")
    db.commit("changes")
    db.tag("v2")
    t.update({"secret": "canary anew"}, where="id > 70050")
    db.commit("changes of hidden rows")
    db.tag("v3")


def _crossed(db: Database, *, hidden: bool) -> None:
    """`left` and `right`, which merged each other's commits, and what `right` did since."""
    canary = f"id = {NUMBERS[1]}" if hidden else "id = -1"
    made = {}
    for branch in ("left", "right"):
        db.checkout("main")
        db.branch(branch)
        db.table("t").update({"secret": f"seen {branch}"}, where=f"id = {len(branch)}")
        db.table("t").update({"tags": [f"canary {branch}"]}, where=canary)
        made[branch] = db.commit(f"on {branch}").id
    for branch, other in (("left", "right"), ("right", "left")):
        db.checkout(branch)
        db.merge(made[other], on_conflict="ours")
    db.table("t").update({"secret": "seen since"}, where="id = 1")
    db.table("t").update({"secret": "canary since"}, where=canary)
    db.commit("since")
    db.checkout("main")


def _versions(db: Database, *, hidden: bool) -> None:
    """A branch, a saved view, a merge that waits."""
    db.save_view("kept", db.query("SELECT id, secret FROM t WHERE n > %s", [1]))
    db.branch("dev", switch=True)
    canary = f"id = {NUMBERS[0]}" if hidden else "id = -1"
    for branch, secret in (("dev", "seen there"), ("main", "seen here")):
        db.checkout(branch)
        db.table("t").update({"secret": secret}, where="id = 2")
        db.table("t").update({"secret": f"canary {branch}"}, where=canary)
        db.commit(f"on {branch}")
    try:
        db.merge("dev")
    except MergeConflictError:
        return
    raise AssertionError("the merge was to wait")


# --- what an answer says --------------------------------------------------------------------------


def told(value: Any) -> Any:
    """An answer as plain values that compare, commits left out."""
    if isinstance(value, str):
        return _COMMIT.sub("<commit>", value)
    if isinstance(value, dict):
        return {told(key): told(one) for key, one in value.items()}
    if hasattr(value, "tolist"):
        return told(value.tolist())
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return value


def reveals(value: Any) -> bool:
    """Whether a plain value holds a canary, or one more row than can be seen."""
    if isinstance(value, dict):
        return any(reveals(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return any(map(reveals, value))
    if isinstance(value, bytes):
        return CANARY in value
    if isinstance(value, int | float):
        return int(value) in NUMBERS if value == value and abs(value) < 1e15 else False  # noqa: PLR0124
    shown = str(value).replace(",", "")
    numbers = map(int, re.findall(r"\d{1,15}", shown))
    return "canary" in shown.lower() or any(number in NUMBERS for number in numbers)
