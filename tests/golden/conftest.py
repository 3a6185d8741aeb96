"""The reader of the specification as a module, and what deeplake reads in the same form."""

from __future__ import annotations

import datetime as dt
import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spec_reader", HERE / "spec_reader.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shown():
    """What deeplake reads of a table, as the contents of expected.json."""
    return _shown


@pytest.fixture(scope="session")
def bare():
    """Contents without the facts beside encoded media."""
    return _bare


def _shown(ds) -> dict:
    return {
        "columns": {name: cells(ds, name) for name in ds.schema},
        "row_ids": runs(ds.row_ids.tolist()),
    }


def _bare(contents: dict) -> dict:
    columns = {
        name: [v["encoded"] if isinstance(v, dict) and "encoded" in v else v for v in values]
        for name, values in contents["columns"].items()
    }
    return {"columns": columns, "row_ids": contents["row_ids"]}


def runs(ids: list[int]) -> list[list[int]]:
    cuts = [0, *(k + 1 for k, (a, b) in enumerate(pairwise(ids)) if b != a + 1), len(ids)]
    return [[ids[a], b - a] for a, b in pairwise(cuts) if a < b]


def cells(ds, column: str) -> list:
    type_name = ds.schema[column].name
    media = type_name in ("image", "video", "audio")
    encoded = ds[column].encoded[:] if media else [None] * len(ds)
    found = [ds[column][row] for row in range(len(ds))]
    return [plain(type_name, c, e) for c, e in zip(found, encoded, strict=True)]


def plain(type_name: str, value, encoded) -> object:
    """A cell in the form of expected.json."""
    if value is None:
        return None
    if type_name == "json":
        return {"json": None if repr(value).endswith("NULL") else value}
    if type_name in ("image", "video", "audio"):
        return encoded.hex()
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name}{list(value.shape)} {value.tobytes().hex()}"
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain("", item, None) for item in value]
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain("", item, None) for name, item in value.items()}
    return str(value)  # Decimal, UUID
