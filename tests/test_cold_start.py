"""What `import deeplake` may load: asserted in fresh interpreters, by module, never by time."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import deeplake

ROOT = Path(__file__).resolve().parent.parent


def loaded_after(code: str) -> set[str]:
    """Names of `sys.modules` of a fresh interpreter that ran `code`."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


def test_import_deeplake_loads_no_room_and_no_engine() -> None:
    added = loaded_after("import deeplake") - loaded_after("pass")
    assert added <= {"deeplake", "__future__"}


def test_a_name_is_loaded_at_its_first_use_and_kept() -> None:
    loaded = loaded_after(
        "import deeplake\n"
        "first = deeplake.errors\n"
        "assert deeplake.errors is first and 'errors' in vars(deeplake)"
    )
    assert "deeplake.errors" in loaded
    assert not loaded & {"numpy", "pyarrow", "deeplake.api"}


def test_the_errors_load_without_numpy() -> None:
    assert "numpy" not in loaded_after("import deeplake.errors")


def test_every_public_name_resolves() -> None:
    for name in deeplake.__all__:
        assert getattr(deeplake, name) is not None
    assert set(deeplake.__all__) <= set(dir(deeplake))


def test_the_classes_of_handles_are_names_of_the_package() -> None:
    ds = deeplake.create("mem://cold-start-names", schema={"n": "int"})
    ds.append({"n": 1})
    commit = ds.commit()
    handles = (ds, ds[0:1], ds["n"], deeplake.connect("mem://cold-start-names"), commit)
    names = ("Dataset", "View", "Column", "Database", "Commit")
    for handle, name in zip(handles, names, strict=True):
        assert type(handle) is getattr(deeplake, name)


def test_type_checkers_see_no_getattr_that_makes_up_names() -> None:
    tree = ast.parse(Path(deeplake.__file__).read_text(encoding="utf-8"))
    assert not [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "__getattr__"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(deeplake, "creat")


def test_the_version_is_the_one_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert deeplake.__version__ == project["version"]


def test_a_module_for_later_is_loaded_when_a_name_of_it_is_asked_for() -> None:
    loaded = loaded_after(
        "import sys\n"
        "from deeplake.loading import later\n"
        "base64 = later('base64')\n"
        "assert 'base64' not in sys.modules\n"
        "encode = base64.b64encode\n"
        "assert encode is sys.modules['base64'].b64encode is vars(base64)['b64encode']\n"
        "assert not hasattr(base64, 'b65encode')"
    )
    assert "base64" in loaded
