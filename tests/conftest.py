"""Hypothesis profiles: dev (default) is quick, ci repeats exactly, nightly explores."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

import deeplake.table.optimize
import deeplake.table.stand_ins  # noqa: F401 - both halve a limit once: before a test lowers it

# Shared machines stall for seconds: a slow example is no failure.
_ALWAYS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("dev", max_examples=25, **_ALWAYS)
settings.register_profile("ci", max_examples=50, derandomize=True, **_ALWAYS)
settings.register_profile("nightly", max_examples=1_000, **_ALWAYS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_make_parametrize_id(val: object) -> str | None:
    """No addresses in test names: two workers must collect the same ones."""
    return type(val).__name__ if " at 0x" in repr(val) else None
