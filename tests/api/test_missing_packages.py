"""Where an optional package is not installed, the way out is named, and nothing else is lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

PREPARED = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import deeplake
from deeplake.errors import DependencyError
ds = deeplake.create("mem://missing-package", schema={{"n": "int", "name": "text"}})
ds.extend([{{"n": 1, "name": "a"}}, {{"n": 2, "name": "b"}}])
ds.commit("two rows")
ds["n"][1] = 3
ds.commit("one changed")
db = deeplake.connect("mem://missing-package")
def refused(call):
    try:
        return call()
    except DependencyError as error:
        return str(error)
"""


def told(package: str, code: str) -> str:
    """What a fresh interpreter without a package prints."""
    script = PREPARED.format(package=package) + code
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout


@pytest.mark.parametrize(
    "entrance",
    [
        "db.execute('SELECT * FROM data').df()",
        "db.execute('SELECT 1 WHERE false').df()",
        "db.execute('INSERT INTO data VALUES (7, NULL) RETURNING n').df()",
        "ds.df()",
        "ds[0:1].df()",
        "ds[0:2].filter('n > 1').df()",
        "ds.query('SELECT n FROM this').df()",
        "ds.filter('n > 1').df()",
        "db.query('SELECT n FROM data').df()",
        "ds.diff('main~1', 'main').df()",
        "ds.diff('main~1', 'main').to_pandas()",
        "ds.diff('main~1', 'main').tables['data'].df()",
    ],
)
def test_a_data_frame_without_pandas_names_the_way_out(entrance: str) -> None:
    out = told("pandas", f"print(refused(lambda: {entrance}))")
    assert "pandas, which is not installed" in out
    assert "pip install 'deeplake[pandas]'" in out
    assert "arrow()" in out


def test_a_cursor_that_cannot_make_a_data_frame_has_lost_no_row() -> None:
    code = """
cursor = db.execute("SELECT n FROM data ORDER BY n")
refused(cursor.df)
print(cursor.arrow().to_pydict(), ds.query("SELECT n FROM this").to_arrow().num_rows)
"""
    assert told("pandas", code).strip() == "{'n': [1, 3]} 2"


def test_no_bar_is_shown_without_tqdm_unless_it_is_asked_for() -> None:
    code = """
import io
class Terminal(io.StringIO):
    def isatty(self): return True
sys.stderr = Terminal()
print(ds.verify().ok, ds.optimize() is not None, ds.vacuum(dry_run=True).objects)
for call in (ds.verify, ds.optimize, lambda progress: ds.vacuum(dry_run=True, progress=progress)):
    print(refused(lambda: call(progress=True)))
"""
    first, *others = told("tqdm", code).splitlines()
    assert first == "True True 0"
    assert len(others) == 3
    for line in others:
        assert line.startswith("a progress bar needs tqdm, which is not installed")
        assert line.endswith("pip install tqdm, or leave out progress=True.")
