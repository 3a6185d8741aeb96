"""Every family of functions, loaded together with the first statement."""

from __future__ import annotations

from deeplake.query.functions import (
    aggregates,
    arrays,
    dates,
    json,
    json_paths,
    numbers,
    operators,
    patterns,
    system,
    text,
    udf,
    vectors,
)

__all__ = [
    "aggregates",
    "arrays",
    "dates",
    "json",
    "json_paths",
    "numbers",
    "operators",
    "patterns",
    "system",
    "text",
    "udf",
    "vectors",
]
