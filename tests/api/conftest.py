"""Fresh places for repositories, on disk and in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deeplake.storage.memory import drop_memory


@pytest.fixture(params=["disk", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place that holds nothing yet."""
    if request.param == "disk":
        yield str(tmp_path / "repository")
        return
    name = f"{tmp_path.name}-{request.node.name}".replace("/", "-")
    yield f"mem://{name}"
    drop_memory(name)
