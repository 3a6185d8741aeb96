"""Patterns that come with the rows."""

from __future__ import annotations

from functools import lru_cache

from deeplake.errors import UnsupportedQueryError
from deeplake.query.functions.udf import Family, failure
from deeplake.query.regular import Regular

FAMILY = Family()


@lru_cache(1024)
def _translated(pattern: str, flags: str) -> str:
    return Regular(pattern, flags).text


@FAMILY.rows("re2", "VARCHAR, VARCHAR -> VARCHAR")
def re2(pattern: str, flags: str) -> str:
    """A pattern for the engine."""
    try:
        return _translated(pattern, flags)
    except UnsupportedQueryError as error:
        raise failure("0A000", error.message) from error
