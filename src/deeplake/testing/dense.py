"""Long random runs of a state machine, told by a seed and made short where they fail.

Hypothesis' own runs favour few and simple steps, and seldom come to merges of merges. Here rules
are taken by weight. Each step draws from random bytes of its own, so steps can be left out and the
others draw as before: that is how a failing run is made short.
"""

from __future__ import annotations

import random
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hypothesis.stateful import RuleBasedStateMachine

STEP_BYTES = 8_000
"""Random bytes for one step; the longest ones take some hundred."""

REPLAYS_MAX = 400
"""How often a failing run is repeated to make it short."""


FAILURES = (Exception, pytest.fail.Exception)


class Step(NamedTuple):
    """One step of a run: its number, which with the seed decides what is drawn, and its rule."""

    number: int
    rule: str


class Failure(NamedTuple):
    """A run that failed: the steps up to there, what they drew, and the error."""

    steps: list[Step]
    told: list[str]
    error: BaseException

    def place(self) -> tuple[str, str, int]:
        """Where it failed: the same failure fails there."""
        frame = traceback.extract_tb(self.error.__traceback__)[-1]
        return type(self.error).__name__, frame.filename, frame.lineno or 0


class DenseRun:
    """Runs of one machine.

    Args:
        machine: its class; it begins with `begin`.
        weights: rule -> how often it is taken, among all.
    """

    def __init__(self, machine: type[RuleBasedStateMachine], weights: Mapping[str, int]) -> None:
        self._machine = machine
        self._weights = weights
        self.steps: Counter[str] = Counter()
        """Rule -> steps taken."""

    def seeds(self, seeds: Iterable[int], steps: int) -> None:
        """Runs of so many steps.

        Raises:
            AssertionError: one failed; it names the seed, and the fewest steps found that fail.
        """
        for seed in seeds:
            failure = self.run(seed, self.planned(seed, range(steps)))
            if failure is not None:
                short = self.shortened(seed, failure)
                raise AssertionError(self._told(seed, failure, short)) from short.error

    def planned(self, seed: int, numbers: Iterable[int]) -> list[Step]:
        """The steps of those numbers."""
        rules, weights = list(self._weights), list(self._weights.values())
        return [
            Step(number, random.Random(f"{seed}/{number}/rule").choices(rules, weights)[0])
            for number in numbers
        ]

    def run(self, seed: int, steps: Sequence[Step]) -> Failure | None:
        """Take some steps on a new machine; how it failed, if it did."""
        machine: Any = self._machine()
        told: list[str] = []
        done: list[Step] = []
        failure = None
        try:
            machine.begin()
            for step in steps:
                done.append(step)
                self._take(machine, seed, step, told)
                self.steps[step.rule] += 1
        except FAILURES as error:
            failure = Failure(done, told, error)
        try:
            machine.teardown()
        except FAILURES as error:
            failure = failure or Failure(done, told, error)
        return failure

    def _take(self, machine: Any, seed: int, step: Step, told: list[str]) -> None:
        rule = next(r for r in machine.rules if r.function.__name__ == step.rule)
        ended = []

        def take(data: Any) -> None:
            drawn = _Drawn(data)
            options = {
                name: drawn if name == "data" else data.draw(strategy)
                for name, strategy in rule.arguments.items()
            }
            shown = ", ".join(f"{k}={v!r}" for k, v in options.items() if k != "data")
            told.append(f"{step.number}: {step.rule}({shown})")
            try:
                rule.function(machine, **options)
                for invariant in machine.invariants:
                    invariant.function(machine)
            finally:
                told[-1] += "".join(f"\n        {line}" for line in drawn.told)
            ended.append(step)

        _from_bytes(take)(random.Random(f"{seed}/{step.number}").randbytes(STEP_BYTES))
        assert ended, f"{step} drew more than {STEP_BYTES} random bytes, or what cannot be"

    def shortened(self, seed: int, failure: Failure) -> Failure:
        """Fewer steps that fail at the same place: halves, quarters, single ones are left out."""
        replays, size = 0, max(len(failure.steps) // 2, 1)
        while replays < REPLAYS_MAX:
            low, before = 0, len(failure.steps)
            while low < len(failure.steps) and replays < REPLAYS_MAX:
                fewer = failure.steps[:low] + failure.steps[low + size :]
                replays += 1
                found = self.run(seed, fewer)
                if found is not None and found.place() == failure.place():
                    failure = found
                else:
                    low += size
            if size == 1 and len(failure.steps) == before:
                break
            size = max(size // 2, 1)
        return failure

    def _told(self, seed: int, failure: Failure, short: Failure) -> str:
        numbers = ",".join(str(step.number) for step in short.steps)
        lines = "\n".join(short.told)
        return (
            f"{self._machine.__name__}, seed {seed}: failed at step {len(failure.steps)}. "
            f"{len(short.steps)} of the steps fail alike (DENSE_REPLAY={seed}:{numbers}):\n"
            f"{lines}\n{type(short.error).__name__}: {short.error}"
        )


class _Drawn:
    """`st.data()` that remembers what was drawn, for a person."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.told: list[str] = []

    def draw(self, strategy: st.SearchStrategy[Any], label: str = "") -> Any:
        value = self._data.draw(strategy)
        self.told.append(f"{label or 'drawn'} = {value!r}")
        return value


def _from_bytes(take: Callable[[Any], None]) -> Callable[[bytes], bytes | None]:
    """`take` with all it draws decided by bytes: what Hypothesis offers to fuzzers."""
    test = hypothesis_settings(database=None)(given(st.data())(take))
    target: Callable[[bytes], bytes | None] = test.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    return target
