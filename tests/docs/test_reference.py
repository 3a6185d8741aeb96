"""docs/reference.md names every public name of the facade, and nothing that does not exist.

A heading `### ds.append(row)` documents `append` of the class whose section it stands in
(`## Dataset`); headings of the section `## deeplake` document functions of the package.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from types import FunctionType

import deeplake
import deeplake.api

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
INTERNAL = {
    "Block",
    "Choice",
    "Done",
    "Expr",
    "Exported",
    "Housekeeping",
    "Optimizable",
    "Question",
    "Rows",
    "Savepoint",
    "SelectedRows",
    "SelectedSource",
    "Tables",
    "Session",
    "SessionRows",
    "SessionSource",
    "Stand",
    "StandDefining",
    "StandWriting",
    "Streamed",
    "Versioned",
}  # what handles share; users never hold one
HEADING = re.compile(r"^(##|###) `?([^`\n]+?)`?$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Section -> names of its headings."""
    sections: dict[str, set[str]] = {}
    names: set[str] = set()
    for level, title in HEADING.findall(PAGE.read_text(encoding="utf-8")):
        if level == "##":
            names = sections.setdefault(title, set())
        else:
            names.update(re.findall(r"(\w+)(?:\(|\[|$|,)", title.split("->")[0])[:1])
    return sections


def public_functions() -> set[str]:
    return {n for n in deeplake.__all__ if isinstance(getattr(deeplake, n), FunctionType)}


def facade_classes() -> dict[str, type]:
    """Public classes that are defined in the facade room."""
    found: dict[str, type] = {}
    for info in pkgutil.iter_modules(deeplake.api.__path__, "deeplake.api."):
        for name, value in vars(importlib.import_module(info.name)).items():
            public = isinstance(value, type) and not name.startswith("_")
            if public and name not in INTERNAL and value.__module__ == info.name:
                found[name] = value
    return found


def public_members(kind: type) -> set[str]:
    """Methods, properties and plain values; of inherited ones those of datasets and views."""
    bases = kind.__mro__ if kind.__name__ in {"Dataset", "View"} else (kind,)
    return {
        name
        for base in bases
        if base.__module__.startswith("deeplake.api")
        for name, value in vars(base).items()
        if not name.startswith("_")
        and isinstance(value, FunctionType | property | classmethod | int | str)
    }


def test_every_function_of_the_package_is_documented() -> None:
    assert documented()["deeplake"] == public_functions()


def test_every_public_member_of_the_facade_is_documented() -> None:
    sections = documented()
    for name, kind in facade_classes().items():
        assert name in sections, f"{name} has no section"
        assert public_members(kind) - sections[name] == set(), f"members of {name}"


def test_every_documented_member_exists() -> None:
    classes = facade_classes()
    for section, names in documented().items():
        if section in classes:
            assert {n for n in names if not hasattr(classes[section], n)} == set(), section
