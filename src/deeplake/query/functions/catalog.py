"""Every family of functions, loaded together with the first statement."""

from __future__ import annotations

from deeplake.query.functions import aggregates, operators

__all__ = ["aggregates", "operators"]
