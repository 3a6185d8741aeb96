"""Every way into a restricted handle, and each with the seam taken out."""

from __future__ import annotations

import ast
import inspect
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import deeplake
from deeplake import api
from deeplake.errors import PolicyError
from deeplake.testing.entrances import Guarded, by_class, entrances, public_names
from deeplake.testing.policy_world import POLICIES, copy_of, reveals, store, told
from deeplake.versioning.objects import Objects

SOURCE = Path(deeplake.__file__).parent
ENTRANCES = entrances()
ROWS = [one for one in ENTRANCES if one.kind == "rows"]
REFUSED = [one for one in ENTRANCES if one.kind == "refused"]


def each(some):
    return pytest.mark.parametrize("entrance", some, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def world():
    return store()


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the twin, which never had the hidden rows, answers at each entrance; asked once."""
    twin, folder = store(hidden=False), str(tmp_path_factory.mktemp("twin"))
    kept = {}

    def answer(entrance):
        if entrance.name not in kept:
            kept[entrance.name] = told(entrance.go(Guarded(copy_of(twin), None, folder)))
        return kept[entrance.name]

    return answer


def held(entrance, world, answers, folder) -> None:
    """Go through an entrance with a restricted handle, and check what comes of it."""
    mine = copy_of(world)
    before = {key: bytes(body) for key, (body, _) in mine._objects.items()}
    guarded = Guarded(mine, POLICIES, str(folder))
    if entrance.kind == "refused":
        with pytest.raises(PolicyError) as refused:
            entrance.go(guarded)
        assert refused.value.code == "policy"
        assert refused.value.sqlstate == "42501"
        assert not reveals(str(refused.value))
    else:
        answer = told(entrance.go(guarded))
        assert not reveals(answer)
        assert repr(answer) == repr(answers(entrance))
    assert {key: bytes(body) for key, (body, _) in mine._objects.items()} == before


RED = (AssertionError, pytest.fail.Exception, deeplake.errors.DeeplakeError, KeyError, IndexError)
"""How a check goes wrong; all but the first are an answer of another shape."""


@each(ENTRANCES)
def test_a_restricted_handle_answers_as_if_hidden_rows_had_never_been(
    entrance, world, answers, tmp_path
):
    held(entrance, world, answers, tmp_path)


@pytest.mark.parametrize("kind", by_class(), ids=lambda kind: kind.__name__)
def test_every_public_name_of_a_handle_is_an_entrance_that_is_gone_through(kind):
    named = {name for ways in by_class()[kind] for name in ways if " " not in name}
    assert public_names(kind) == named


NO_HANDLES = {
    "Block", "Savepoint", "Tables", "Choice", "Done", "RowChange", "Expr", "Log", "Question",
    "Exported", "Rows", "SelectedRows", "SessionRows",
    "SelectedSource", "SessionSource", "Session", "Stand", "StandWriting", "StandDefining",
    "OptimizedTable", "Optimized", "Vacuumed", "Verified", "Upserted", "Schema", "ColumnSummary",
    "Summary", "Housekeeping", "Optimizable", "Streamed", "Versioned",
}  # fmt: skip
"""What handles are made of, inherit, or give away once they were gone through."""


def test_every_class_of_the_facade_is_a_handle_or_none():
    found = set()
    for module in iter_modules(api.__path__):
        loaded = import_module(f"deeplake.api.{module.name}")
        found |= {
            name
            for name, one in vars(loaded).items()
            if inspect.isclass(one) and one.__module__ == loaded.__name__ and name[0] != "_"
        }
    loaders = {"NumpyLoader", "TorchLoader"}
    assert found - NO_HANDLES == {kind.__name__ for kind in by_class()} - loaders


def test_functions_of_versions_are_entrances():
    from deeplake.api import version_functions, version_tables

    texts = " ".join(one.name for one in ENTRANCES if one.name.startswith("SQL."))
    for name in {*version_functions._FUNCTIONS, *version_tables._FUNCTIONS, *version_tables.LISTS}:
        assert f"{name}" in texts


# --- without the seam -----------------------------------------------------------------------------


class _Sites(ast.NodeVisitor):
    """Functions that read, or set, `….principal`, by module and qualified name."""

    def __init__(self, module):
        self.module, self.path, self.found = module, [], set()

    def visit_ClassDef(self, node):
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()

    def visit_FunctionDef(self, node):
        self.path.append(node.name)
        self.generic_visit(node)
        self.path.pop()

    def visit_Attribute(self, node):
        if node.attr == "principal":
            self.found.add((self.module, ".".join(self.path)))
        self.generic_visit(node)


def sites():
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        module = "deeplake." + ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        visitor = _Sites(module)
        visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
        found |= visitor.found
    return sorted(found - {("deeplake.versioning.objects", "Objects.__init__")})


SITES = sites()


@pytest.fixture
def blind(monkeypatch):
    """Make some functions believe that whoever reads may see all."""
    blinded = set()

    def caller():
        frame = sys._getframe(2)
        return frame.f_globals["__name__"], frame.f_code.co_qualname

    def read(self):
        return None if caller() in blinded else vars(self).get("principal")

    def write(self, principal):
        vars(self)["principal"] = None if caller() in blinded else principal

    monkeypatch.setattr(Objects, "principal", property(read, write), raising=False)
    return blinded


@each([*ROWS, *REFUSED])
def test_without_the_seam_each_entrance_is_red(entrance, world, answers, tmp_path, blind):
    blind.update(SITES)
    with pytest.raises(RED):
        held(entrance, world, answers, tmp_path)


@pytest.mark.parametrize("site", SITES, ids=".".join)
def test_the_seam_taken_out_at_one_place_turns_an_entrance_red(
    site, world, answers, tmp_path, blind
):
    blind.add(site)
    for entrance in ENTRANCES:
        try:
            held(entrance, world, answers, tmp_path)
        except RED:
            return
    pytest.fail(f"nothing goes wrong without the seam in {site}")
