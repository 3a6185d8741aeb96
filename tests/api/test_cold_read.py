"""What opening a dataset and reading a row may load: asserted in fresh interpreters, by module."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import deeplake

HEAVY = {
    "PIL",
    "asyncio",
    "av",
    "concurrent.futures",
    "ctypes.util",
    "difflib",
    "email",
    "http",
    "importlib.metadata",
    "inspect",
    "json",
    "logging",
    "multiprocessing",
    "numpy.ma",
    "obstore",
    "pandas",
    "pathlib",
    "pcodec",
    "pyarrow",
    "simplejpeg",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "torch",
    "tqdm",
    "urllib",
    "uuid",
    "zstandard",
}


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Names of `sys.modules` after `code`, less those of an interpreter that loads NumPy alone."""
    script = "{}\nimport sys\nprint('\\n'.join(sys.modules))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", script.format(body), *arguments],
            capture_output=True, text=True, check=True, timeout=60,
        )
        for body in ("import numpy", code)
    ]  # fmt: skip
    bare, found = (set(run.stdout.split()) for run in runs)
    return found - bare


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> str:
    """An int, a vector and a text: inline in one commit, in packs in the next."""
    place = str(tmp_path_factory.mktemp("cold") / "r")
    ds = deeplake.create(place, schema={"n": "int", "emb": "emb-512", "text": "text"})
    for count in (3, 2000):
        ds.extend(
            {
                "n": np.arange(count),
                "emb": np.ones((count, 512), np.float32),
                "text": [f"row {n}" for n in range(count)],
            }
        )
        ds.commit()
    return place


OPEN = "import sys, deeplake; ds = deeplake.open(sys.argv[1])"


def test_opening_and_reading_a_row_loads_nothing_heavy(place):
    code = f"{OPEN}; row = ds[0]; assert row['n'] == 0 and row['text'] == 'row 0'"
    loaded = loaded_by(code, place)
    assert "deeplake.table.frames" in loaded
    assert sorted(loaded & HEAVY) == []


def test_a_vector_and_a_number_out_of_packs_load_nothing_heavy(place):
    code = f"{OPEN}; assert ds['emb'][1000].shape == (512,); assert len(ds['emb'][10:20]) == 10"
    assert sorted(loaded_by(code, place) & HEAVY) == []


def test_text_and_numbers_out_of_packs_load_their_codecs_alone(place):
    code = f"{OPEN}; assert ds['text'][1000] == 'row 997' and ds['n'][1000] == 997"
    loaded = loaded_by(code, place) & HEAVY
    assert sorted(loaded - {"zstandard", "pcodec"}) == []


def test_appending_a_row_loads_no_arrow(place):
    code = f"{OPEN}; ds.append({{'n': 1, 'emb': [0.5] * 512, 'text': 'x'}}); len(ds[-1]['emb'])"
    assert not loaded_by(code, place) & {"pyarrow", "pandas", "obstore", "PIL", "torch", "tqdm"}


def test_printing_a_dataset_loads_nothing_heavy(place):
    loaded = loaded_by(f"{OPEN}; repr(ds); str(ds.summary()); repr(ds.log())", place)
    assert sorted(loaded & HEAVY) == []


def test_only_the_rooms_below_are_touched_by_a_read(place):
    loaded = loaded_by(f"{OPEN}; ds[0]", place)
    rooms = {name.split(".")[1] for name in loaded if name.startswith("deeplake.")}
    assert not rooms & {"ingest", "loaders", "testing"}
    assert not loaded & {"deeplake.table.transaction", "deeplake.versioning.publish"}


def test_a_read_loads_no_module_that_only_other_ways_need(place):
    code = f"{OPEN}; assert ds['n'][1000] == 997 and ds['emb'][0].shape == (512,)"
    loaded = loaded_by(code, place)
    assert not loaded & {
        "deeplake.api.positions",
        "deeplake.format.bitmap",
        "deeplake.format.statistics",
        "deeplake.storage.store",
        "deeplake.table.edited",
        "deeplake.table.overlays",
        "deeplake.table.patch",
        "deeplake.table.pieces",
        "deeplake.types.data",
        "deeplake.types.elements",
        "deeplake.types.rows",
        "deeplake.types.source",
        "deeplake.types.stacks",
        "deeplake.versioning.condensed",
    }


def test_a_read_loads_few_modules(place):
    """Each costs a process 0.2 ms, from its file to its end."""
    code = f"{OPEN}; assert ds['text'][1000] == 'row 997'"
    loaded = loaded_by(code, place)
    ours = sorted(name for name in loaded if name.split(".")[0] == "deeplake")
    assert len(ours) <= 63, ours


def test_numpy_is_loaded_before_our_rooms(place):
    """Deeper in calls it costs 2 ms more: see `deeplake.__getattr__`."""
    order = subprocess.run(
        [sys.executable, "-c", f"{OPEN}; print(*sys.modules)", place],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.split()  # fmt: skip
    assert order.index("numpy") < order.index("deeplake.api")


SELECT = "import sys, deeplake; db = deeplake.connect(sys.argv[1]); found = db.execute(sys.argv[2])"


def test_a_first_select_loads_neither_the_engine_nor_functions_of_arrow(place):
    code = f"{SELECT}; assert found.fetchall()[-1] == (1999, 'row 1999')"
    loaded = loaded_by(code, place, "SELECT n, text FROM data WHERE n > 800")
    assert "pyarrow" in loaded
    assert not loaded & {"pyarrow.compute", "pyarrow.dataset", "pandas", "duckdb", "_duckdb"}


ENGINE = """
import sys
from deeplake.query import engine
assert "duckdb" not in sys.modules and "_duckdb" not in sys.modules
"""


def test_the_engine_that_starts_beside_its_modules_is_the_one_that_starts_after_them():
    shown = """
wanted = "SELECT name, value FROM duckdb_settings() ORDER BY name"
first = engine._connection("").sql(wanted).fetchall()
import duckdb
engine._base = None
assert isinstance(engine._connection(""), duckdb.DuckDBPyConnection)
assert engine._connection("").sql(wanted).fetchall() == first
assert ("threads", "2") in first and ("TimeZone", "UTC") in first
"""
    assert "duckdb" in loaded_by(ENGINE + shown)


def test_an_engine_that_cannot_start_says_so_to_whoever_asked():
    refused = """
engine._limits = lambda: {"no such setting": 1}
for _ in range(2):
    try:
        engine._connection("")
        raise SystemExit("it has started")
    except Exception as error:
        assert "no such setting" in str(error), error
"""
    assert "duckdb" in loaded_by(ENGINE + refused)
