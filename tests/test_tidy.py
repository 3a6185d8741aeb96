"""The house rules as tests: the package's own source, read as syntax trees.

Counts: a module's lines are those that hold code (docstrings, comments and blank lines are
free); a function's body starts after its docstring.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from functools import cache
from pathlib import Path

import pytest

from deeplake import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "deeplake"

MODULE_LINES_MAX = 400
TEST_LINES_MAX = 600  # a room's tests read from top to bottom, few names to hold
BODY_LINES_MAX = 60
VAGUE = {"util", "utils", "helper", "helpers", "manager", "common", "core", "misc"}
LEFTOVERS = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b"
)

# Where each engine may be imported, as prefixes of paths inside the package.
HOMES = {
    "obstore": ("storage/object_store.py",),
    "torch": ("loaders/torch.py",),
    "PIL": ("types/",),
    "simplejpeg": ("types/",),
    "av": ("types/",),
    "zstandard": ("format/",),
    "pcodec": ("format/",),
    "duckdb": ("query/engine.py",),
    "postgast": ("sql/parse.py",),
}
# Engines that cost tens of milliseconds: at module level only in files that are loaded late.
LATE = {
    "pyarrow",
    "pandas",
    "obstore",
    "torch",
    "PIL",
    "simplejpeg",
    "av",
    "zstandard",
    "pcodec",
    "duckdb",
    "postgast",
    "tqdm",
    "sklearn",
}
LATE_HOMES = ("storage/object_store.py", "loaders/torch.py", "testing/", "query/")
LEVELS = {
    room.strip(" ()"): level
    for level, rooms in enumerate(
        next(
            contract["layers"]
            for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
                "importlinter"
            ]["contracts"]
            if contract["type"] == "layers"
        )
    )
    for room in rooms.split("|")
}
"""Room -> its floor, the highest first, as the contract on imports has it."""
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
UNSAFE_CALLS = {"eval", "exec", "__import__"}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


SOURCE = python_files("src/deeplake")
EVERYTHING = python_files("src/deeplake", "tests", "benchmarks", "examples")


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[str(p.relative_to(ROOT)) for p in paths])


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def functions_of(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(path: Path) -> int:
    """Lines with a token of code on them, docstrings left out."""
    strings = {
        line
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type not in empty and token.type != tokenize.ENDMARKER:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - strings)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def is_type_checking(node: ast.If) -> bool:
    return "TYPE_CHECKING" in ast.unparse(node.test)


def imports_of(tree: ast.Module, *, module_level: bool = False) -> set[str]:
    """Top-level names of imported packages, those for type checkers only left out."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree]
    while pending:
        for node in ast.iter_child_nodes(pending.pop()):
            if isinstance(node, ast.If) and is_type_checking(node):
                pending.extend(node.orelse)
            elif isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
            elif not (
                module_level
                and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            ):
                pending.append(node)
    return found


def test_the_checks_see_what_they_look_for(tmp_path: Path) -> None:
    path = tmp_path / "seeded.py"
    path.write_text(
        '"""Doc."""\n\nimport a.b\n# note\nif TYPE_CHECKING:\n    import c\n\n\n'
        'def f():\n    """Doc\n    doc."""\n    from d import e\n    return (\n        e\n    )\n'
    )
    tree = tree_of(path)
    assert imports_of(tree) == {"a", "d"}
    assert imports_of(tree, module_level=True) == {"a"}
    assert code_lines(path) == 8
    assert [body_lines(f) for f in functions_of(tree)] == [4]


@each(SOURCE)
def test_a_module_opens_with_a_docstring(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), f"{inside(path)}: say what it owns"


@each(EVERYTHING)
def test_a_module_is_short_enough_to_know(path: Path) -> None:
    is_test = path.is_relative_to(ROOT / "tests")
    assert code_lines(path) <= (TEST_LINES_MAX if is_test else MODULE_LINES_MAX)


@each(EVERYTHING)
def test_a_function_fits_a_screen(path: Path) -> None:
    long = {f.name: body_lines(f) for f in functions_of(tree_of(path))}
    assert {name: n for name, n in long.items() if n > BODY_LINES_MAX} == {}


@each(EVERYTHING)
def test_names_say_what_things_are(path: Path) -> None:
    relative = path.relative_to(ROOT)
    words = set(re.split(r"[_.]", relative.stem)) | set(relative.parts[:-1])
    assert not words & VAGUE, f"{relative}: a file is named for what it owns"
    defined = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    last_words = {name: re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)[-1:] for name in defined}
    assert [n for n, last in last_words.items() if last and last[0].lower() in VAGUE] == []


@each(SOURCE)
def test_an_engine_is_imported_only_in_its_home(path: Path) -> None:
    used = imports_of(tree_of(path)) & HOMES.keys()
    strays = {name for name in used if not inside(path).startswith(HOMES[name])}
    assert strays == set(), {name: HOMES[name] for name in strays}


@each(SOURCE)
def test_what_is_loaded_later_lies_below_and_is_imported_for_checkers(path: Path) -> None:
    """The contract on imports does not see `loading.later`, nor imports for type checkers."""
    tree = tree_of(path)
    names = [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "later"
        and isinstance(node.args[0], ast.Constant)
    ]
    checked = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    checked |= {
        alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }
    for name in names:
        assert name in checked, f"{name} is not imported beside it"
        if name.startswith("deeplake."):
            assert LEVELS[name.split(".")[1]] >= LEVELS[room], f"{name} lies above {room}"


@each(SOURCE)
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    if inside(path).startswith(LATE_HOMES):
        return
    assert imports_of(tree_of(path), module_level=True) & LATE == set()


@each(SOURCE)
def test_rooms_below_testing_never_import_a_test_tool(path: Path) -> None:
    if inside(path).startswith("testing/"):
        return
    assert imports_of(tree_of(path)) & {"pytest", "hypothesis", "moto"} == set()


@each(EVERYTHING)
def test_no_error_is_swallowed(path: Path) -> None:
    """`except BaseException` may clean up, and must then re-raise."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        assert node.type is not None, f"{where}: bare except"
        caught = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}
        assert "Exception" not in caught, f"{where}: name the errors you can handle"
        if "BaseException" in caught:
            assert any(isinstance(n, ast.Raise) for n in ast.walk(node)), f"{where}: swallows all"


@each(SOURCE)
def test_the_library_prints_nothing_and_runs_no_data_as_code(path: Path) -> None:
    tree = tree_of(path)
    called = {
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert called & (UNSAFE_CALLS | {"print", "breakpoint"}) == set()
    if not inside(path).startswith("testing/"):  # contracts check that handles pickle
        assert imports_of(tree) & UNSAFE_MODULES == set()


@each(EVERYTHING)
def test_nothing_is_left_for_later_in_a_comment(path: Path) -> None:
    found = LEFTOVERS.findall(path.read_text(encoding="utf-8"))
    assert found == [], "finish it, or write it down in docs/design"


def test_every_setting_is_used_and_explained() -> None:
    path = PACKAGE / "settings.py"
    body = tree_of(path).body
    names = [
        (node.targets[0].id, after)
        for node, after in zip(body, [*body[1:], None], strict=True)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    rest = "\n".join(p.read_text(encoding="utf-8") for p in SOURCE if p != path)
    unused = [name for name, _ in names if not re.search(rf"\b{name}\b", rest)]
    assert unused == []
    bare = [name for name, after in names if not (isinstance(after, ast.Expr))]
    assert bare == [], "each number needs its reason"


def error_classes() -> list[type[errors.DeeplakeError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.DeeplakeError)
    ]


def test_every_error_has_a_code_of_its_own_and_a_sqlstate() -> None:
    classes = error_classes()
    assert [c.__name__ for c in classes if "code" not in vars(c) or "sqlstate" not in vars(c)] == []
    codes = [c.code for c in classes]
    assert len(codes) == len(set(codes))
    assert [c.__name__ for c in classes if not re.fullmatch(r"[0-9A-Z]{5}", c.sqlstate)] == []


def test_every_error_is_drawn_in_the_tree_of_its_module() -> None:
    drawn = errors.__doc__ or ""
    assert [c.__name__ for c in error_classes() if c.__name__ not in drawn] == []


def test_every_room_is_a_package_with_something_in_it() -> None:
    rooms = [p for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert [r.name for r in rooms if not (r / "__init__.py").exists()] == []
    assert [r.name for r in rooms if len(list(r.glob("*.py"))) < 2] == []


def test_every_page_link_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dead == []
