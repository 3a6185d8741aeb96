"""deeplake: the open data plane for AI. This module owns the public names, nothing else.

Every name is loaded at its first use, so `import deeplake` costs about a millisecond and
brings in neither NumPy nor Arrow.

>>> import deeplake
>>> ds = deeplake.create("mem://readme", schema={"prompt": "text", "rating": "int"})
>>> ds.append({"prompt": "a cat", "rating": 5})
>>> commit = ds.commit("first row")
>>> ds["rating"][0]
5
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; importing typing costs 8 ms
if TYPE_CHECKING:
    from deeplake import errors as errors
    from deeplake import testing as testing
    from deeplake import types as types
    from deeplake.api.column import Column as Column
    from deeplake.api.database import Database as Database
    from deeplake.api.dataset import Dataset as Dataset
    from deeplake.api.expression import expr as expr
    from deeplake.api.open import connect as connect
    from deeplake.api.open import create as create
    from deeplake.api.open import delete as delete
    from deeplake.api.open import exists as exists
    from deeplake.api.open import open as open
    from deeplake.api.view import View as View
    from deeplake.versioning.history import Commit as Commit

__version__ = "0.1.0"

_HOMES = {
    "Column": "deeplake.api.column",
    "Commit": "deeplake.versioning.history",
    "Database": "deeplake.api.database",
    "Dataset": "deeplake.api.dataset",
    "View": "deeplake.api.view",
    "expr": "deeplake.api.expression",
    **dict.fromkeys(("connect", "create", "delete", "exists", "open"), "deeplake.api.open"),
}
_MODULES = ("errors", "testing", "types")

__all__ = [
    "Column",
    "Commit",
    "Database",
    "Dataset",
    "View",
    "connect",
    "create",
    "delete",
    "errors",
    "exists",
    "expr",
    "open",
    "testing",
    "types",
]


if not TYPE_CHECKING:  # else a checker takes every misspelt name for one that it makes

    def __getattr__(name: str) -> object:
        """Load a public name at its first use and keep it."""
        if name not in _HOMES and name not in _MODULES:
            raise AttributeError(f"module 'deeplake' has no attribute {name!r}")
        from deeplake.loading import load

        if name in _HOMES:
            # From here: ten calls deeper, its own calls cross the end of the 16 KB that CPython
            # maps for frames, 78 times, and each time that is mapped and unmapped: 2 ms of 80.
            load("numpy")
        module = load(_HOMES.get(name, f"deeplake.{name}"))
        value = getattr(module, name) if name in _HOMES else module
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
