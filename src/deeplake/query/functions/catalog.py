"""Every family of functions, loaded together with the first statement."""

from __future__ import annotations

from deeplake.query.functions import (
    aggregates,
    json,
    operators,
    patterns,
    text,
    udf,
)

__all__ = ["aggregates", "json", "operators", "patterns", "text", "udf"]
