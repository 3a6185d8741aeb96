"""Branches, merges, reverts, cherry-picks and concurrent commits beside a Git of dictionaries.

The machine is `deeplake.testing.git_of_rows`. Hypothesis finds what takes few steps, dense runs
what takes many. A failing dense run names its seed and the steps that are enough; what it prints as
DENSE_REPLAY takes them again. DENSE_SEEDS is how many seeds the slow test takes of each store,
DENSE_FIRST the first one.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings as hypothesis_settings

from deeplake.testing.dense import DenseRun
from deeplake.testing.git_of_rows import WEIGHTS, GitOfRows, GitOfRowsOnDisk, GitOfRowsWithFaults

EXAMPLES = hypothesis_settings.default.max_examples
"""Of the profile. Fifty steps take 0.4 s."""

TestGitOfRows = GitOfRows.TestCase
TestGitOfRows.settings = hypothesis_settings(max_examples=max(EXAMPLES // 2, 1))
TestGitOfRowsWithFaults = GitOfRowsWithFaults.TestCase
TestGitOfRowsWithFaults.settings = hypothesis_settings(max_examples=max(EXAMPLES // 4, 1))
if EXAMPLES >= 1000:  # nightly
    TestGitOfRowsOnDisk = GitOfRowsOnDisk.TestCase
    TestGitOfRowsOnDisk.settings = hypothesis_settings(max_examples=EXAMPLES // 4)

MACHINES = [GitOfRows, GitOfRowsWithFaults, GitOfRowsOnDisk]
STEPS = 100
"""Of one seed, about 1 s."""


@pytest.mark.parametrize("machine", MACHINES)
def test_dense_runs(machine: type[GitOfRows]) -> None:
    DenseRun(machine, WEIGHTS).seeds([1], STEPS)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("machine", MACHINES)
def test_many_dense_runs(machine: type[GitOfRows]) -> None:
    first = int(os.environ.get("DENSE_FIRST", "1000"))
    count = int(os.environ.get("DENSE_SEEDS", "50"))
    DenseRun(machine, WEIGHTS).seeds(range(first, first + count), STEPS)


if "DENSE_REPLAY" in os.environ:

    @pytest.mark.parametrize("machine", MACHINES)
    def test_a_replay(machine: type[GitOfRows]) -> None:
        seed, _, numbers = os.environ["DENSE_REPLAY"].partition(":")
        run = DenseRun(machine, WEIGHTS)
        failure = run.run(int(seed), run.planned(int(seed), map(int, numbers.split(","))))
        if failure is not None:
            raise AssertionError("\n".join(failure.told)) from failure.error
