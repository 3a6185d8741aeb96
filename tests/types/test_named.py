"""Our named tuples are those of `typing`, made sooner."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing

import pytest

from deeplake.types.named import NamedTuple


class Ours(NamedTuple):
    """A point."""

    x: int
    y: str = "b"
    z: float = 1.5

    @property
    def twice(self) -> int:
        """2 x."""
        return 2 * self.x


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: str = "b"
    z: float = 1.5


class Wide(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int = 9


class Widest(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int
    k: int
    m: int
    n: int


class Beyond(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int
    k: int
    m: int
    n: int
    o: int
    p: int = 14


class Empty(NamedTuple):
    """No fields."""


def test_it_is_the_tuple_of_typing():
    ours, theirs = Ours(1, z=2.0), Theirs(1, z=2.0)
    assert ours == theirs == (1, "b", 2.0)
    assert hash(ours) == hash(theirs)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours._asdict() == theirs._asdict()
    assert ours._replace(y="c") == theirs._replace(y="c")
    assert type(ours._replace(y="c")) is Ours
    assert Ours._make([1, 2, 3]) == Theirs._make([1, 2, 3])
    for name in ("_fields", "_field_defaults", "__match_args__", "__doc__", "__slots__"):
        assert getattr(Ours, name) == getattr(Theirs, name)
    assert list(inspect.signature(Ours).parameters) == list(inspect.signature(Theirs).parameters)
    assert (Ours.__module__, Ours.__qualname__, ours.twice) == (__name__, "Ours", 2)
    match ours:
        case Ours(x, y, z):
            assert (x, y, z) == ours


def test_it_can_be_copied_and_pickled():
    ours = Ours(1)
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert type(copy.copy(ours)) is Ours
    assert copy.deepcopy(ours) == ours


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_wrong_arguments_are_refused_alike(kind):
    with pytest.raises(TypeError, match=r"__new__\(\) missing 1 required positional argument: 'x'"):
        kind()
    with pytest.raises(TypeError, match="unexpected keyword argument 'w'"):
        kind(1, w=2)
    with pytest.raises(TypeError, match="Expected 3 arguments, got 2"):
        kind._make([1, 2])
    with pytest.raises(ValueError, match="Got unexpected field names"):
        kind(1)._replace(w=2)
    with pytest.raises(AttributeError):
        kind(1).x = 2
    with pytest.raises(AttributeError):
        kind(1).other = 2


def test_any_number_of_fields():
    assert Empty() == ()
    wide = Wide(*range(9))
    assert wide == tuple(range(10))
    assert wide._replace(i=0).i == 0
    assert wide.j == 9
    assert Widest(*range(13)) == tuple(range(13))
    assert Widest(*range(12), n=7).n == 7
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'"):
        Widest(*range(12))
    assert Beyond(*range(14)) == tuple(range(15))
