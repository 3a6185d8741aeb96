"""The driver of dense runs: the same steps for a seed, and few of them where they fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from deeplake.testing.dense import STEP_BYTES, DenseRun

WEIGHTS = {"put": 5, "look": 1}


class Numbers(RuleBasedStateMachine):
    """Wrong once two of its numbers are 7."""

    def begin(self) -> None:
        self.kept: list[int] = []

    @rule(data=st.data(), twice=st.booleans())
    def put(self, data: Any, twice: bool) -> None:
        for _ in range(1 + twice):
            self.kept.append(data.draw(st.integers(0, 20), label="number"))

    @rule()
    def look(self) -> None:
        assert self.kept.count(7) < 2


class Greedy(Numbers):
    @rule(data=st.data())
    def look(self, data: Any) -> None:
        data.draw(st.lists(st.integers(), min_size=STEP_BYTES))


def test_a_seed_decides_everything() -> None:
    run = DenseRun(Numbers, WEIGHTS)
    told = [[f.told for f in [run.run(s, run.planned(s, range(200)))] if f] for s in (1, 1, 2)]
    assert told[0] == told[1] != told[2]


def test_a_failing_run_is_made_short() -> None:
    with pytest.raises(AssertionError) as caught:
        DenseRun(Numbers, WEIGHTS).seeds([5], 200)
    lines = str(caught.value).splitlines()
    assert "Numbers, seed 5: failed at step" in lines[0]
    assert sum("look()" in line for line in lines) == 1
    assert sum("put(" in line for line in lines) <= 2
    assert sum("number = 7" in line for line in lines) == 2


def test_a_step_cut_short_is_no_step() -> None:
    with pytest.raises(AssertionError, match="drew more than"):
        DenseRun(Greedy, {"look": 1}).seeds([1], 1)
