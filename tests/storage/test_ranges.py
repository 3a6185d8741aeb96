"""The range planner: every asked byte, no request too long, no gap too wide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import InvalidValueError
from deeplake.storage.ranges import plan

OBJECT = bytes(i * 7 % 251 for i in range(1_200))
RANGES = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 150)), max_size=25)


def answers(requests):
    return [OBJECT[start : start + length] for start, length in requests]


@given(RANGES, st.integers(0, 80), st.integers(1, 100))
def test_every_range_is_delivered_exactly_and_in_order(ranges, gap, longest):
    todo = plan(ranges, gap, longest)
    found = todo.deliver(answers(todo.requests))
    assert [bytes(view) for view in found] == [OBJECT[s : s + n] for s, n in ranges]


@given(RANGES, st.integers(0, 80), st.integers(1, 100))
def test_requests_keep_the_limit_ascend_and_never_overlap(ranges, gap, longest):
    requests = plan(ranges, gap, longest).requests
    assert all(0 < length <= longest for _, length in requests)
    ends = [start + length for start, length in requests]
    assert all(end <= start for end, (start, _) in zip(ends, requests[1:], strict=False))


@given(RANGES, st.integers(0, 80), st.integers(1, 100))
def test_no_request_goes_without_an_asked_byte_and_no_gap_is_too_wide(ranges, gap, longest):
    asked = {byte for start, length in ranges for byte in range(start, start + length)}
    for start, length in plan(ranges, gap, longest).requests:
        idle = longest_idle = 0
        for byte in range(start, start + length):
            idle = 0 if byte in asked else idle + 1
            longest_idle = max(longest_idle, idle)
        assert longest_idle <= gap
        assert asked & set(range(start, start + length))


def test_near_ranges_are_one_request_and_far_ones_two():
    assert plan([(0, 10), (20, 10)], gap_bytes_max=10).requests == [(0, 30)]
    assert plan([(0, 10), (21, 10)], gap_bytes_max=10).requests == [(0, 10), (21, 10)]


def test_a_long_range_is_cut_into_equal_requests():
    assert plan([(5, 100)], request_bytes_max=40).requests == [(5, 34), (39, 34), (73, 32)]


def test_a_range_that_is_a_whole_answer_is_not_copied():
    whole = b"0123456789"
    (view,) = plan([(5, 10)]).deliver([whole])
    assert view is whole


def test_nothing_asked_is_nothing_sent():
    assert plan([]).requests == []
    assert plan([(7, 0)]).deliver([]) == [b""]


@pytest.mark.parametrize("asked", [(-1, 5), (5, -1)])
def test_a_negative_range_is_refused_by_name(asked):
    with pytest.raises(InvalidValueError, match=str(asked[0])):
        plan([(0, 3), asked])
