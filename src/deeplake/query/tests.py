"""Conditions on the columns of one table in a form that is tested without the engine.

Compiled once per plan, filled with parameters at each run, in negation normal form: what is left
are tests of one column, joined by all-of and any-of, so it is enough to know of each row whether a
test is *true*; false and NULL leave the row out alike. What cannot be tested with the certainty
that the engine and Postgres agree is `Unknown`: nothing is concluded from it.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.query.control import look, take
from deeplake.query.expression import Call, Column, Constant, Parameter
from deeplake.query.kinds import INTEGERS, MOMENTS
from deeplake.query.moment_text import DAY
from deeplake.query.operands import UNCERTAIN, list_of, value_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.query.expression import Expression


class Compare(NamedTuple):
    """column operation value. `floating` compares as float8; NaN is the greatest of these.

    A text is compared byte by byte, `value` being its UTF-8.
    """

    column: str
    operation: str
    value: Any
    floating: bool = False


class Within(NamedTuple):
    """column = one of some values, at least one, that ascend, NaN last; or none of them.

    `floating` and values of texts as above.
    """

    column: str
    values: tuple[Any, ...]
    floating: bool = False
    negated: bool = False


class Prefix(NamedTuple):
    """A text begins with these bytes."""

    column: str
    value: bytes


class Null(NamedTuple):
    """column IS NULL, or IS NOT NULL."""

    column: str
    negated: bool


class All(NamedTuple):
    """Every part is true."""

    parts: tuple[Test, ...]


class Any_(NamedTuple):  # noqa: N801 - Any is taken
    """Some part is true."""

    parts: tuple[Test, ...]


class Never(NamedTuple):
    """True of no row."""


class Unknown(NamedTuple):
    """What only the engine can tell."""


Test = Compare | Within | Prefix | Null | All | Any_ | Never | Unknown

_FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}


class Tested(NamedTuple):
    """A column as it is compared: its name in the table, whether as float8, and whether its days
    are compared as the timestamps that they begin with.
    """

    column: str
    floating: bool
    days: bool = False


def test_of(expression: Expression, names: Mapping[str, str], parameters: Sequence[Any]) -> Test:
    """A condition over one scan as a test.

    Args:
        expression: of kind bool, over one relation.
        names: of its columns in the engine -> in the table.
        parameters: the values of this run.
    """
    return _Filling(names, parameters).test(expression, negated=False)


class _Filling:
    def __init__(self, names: Mapping[str, str], parameters: Sequence[Any]) -> None:
        self._names = names
        self._parameters = parameters

    def test(self, node: Expression, *, negated: bool) -> Test:
        take()
        if isinstance(node, Column):
            return self._compare("=", node, Constant(not negated, node.kind))
        if isinstance(node, Constant | Parameter):
            value = value_of(node, self._parameters)
            if value is None:
                return Never()
            return Unknown() if value is UNCERTAIN else All(()) if value != negated else Never()
        if not isinstance(node, Call):
            return Unknown()
        name, parts = node.name, node.arguments
        if name == "not":
            return self.test(parts[0], negated=not negated)
        if name in ("and", "or"):
            made = tuple(self.test(part, negated=negated) for part in parts)
            return _joined(made, every=(name == "and") != negated)
        if name in _FLIPPED and len(parts) == 2:
            return self._compare(_NEGATED[name] if negated else name, *parts)
        if name in ("is null", "is not null") and isinstance(parts[0], Column):
            column = self._names.get(parts[0].name)
            return Unknown() if column is None else Null(column, (name == "is null") == negated)
        if name in ("is_true", "is_false") and not negated:
            return self.test(parts[0], negated=name == "is_false")
        if name == "~~" and not negated:
            return self._like(*parts)
        if name == "in":
            return self._in(parts[0], parts[1], negated=negated)
        return Unknown()

    def _in(self, left: Expression, listed: Expression, *, negated: bool) -> Test:
        """A column, and constants or a parameter that is a list of its kind."""
        tested, element = self._tested(left), listed.kind.element
        if tested is None or element is None or left.kind.name != element.name:
            return Unknown()
        values = list_of(listed, self._parameters)
        if values is None:
            return Never()
        look()
        if values is UNCERTAIN or any(value is UNCERTAIN for value in values):
            return Unknown()
        if negated and any(value is None for value in values):
            return Never()
        known: list[Any] = [
            value.encode() if isinstance(value, str) else value
            for value in values
            if value is not None
        ]
        if any(isinstance(value, Decimal) for value in known):  # integers: no others are equal
            known = [int(value) for value in known if value == int(value)]
        if tested.days:
            known = [value // DAY for value in known if not value % DAY]
        return _among(tested, known, negated=negated)

    def _compare(self, operation: str, left: Expression, right: Expression) -> Test:
        tested = self._tested(left)
        if tested is None:
            operation, left, right = _FLIPPED[operation], right, left
            tested = self._tested(left)
        if tested is None:
            return Unknown()
        value = value_of(right, self._parameters)
        if value is None:
            return Never()
        if value is UNCERTAIN or left.kind.name != right.kind.name:
            return Unknown()
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, Decimal):
            return _whole(tested, operation, *_floor(value))
        if tested.days:
            days, rest = divmod(value, DAY)
            return _whole(tested, operation, days, exact=not rest)
        return Compare(tested.column, operation, value, tested.floating)

    def _tested(self, node: Expression) -> Tested | None:
        """A column, or one cast so that its values keep their order and what they are equal to."""
        if isinstance(node, Column):
            return self._plain(node)
        if not (isinstance(node, Call) and node.name == "cast" and len(node.arguments) == 1):
            return None
        inner, kind = node.arguments[0], node.kind
        if not isinstance(inner, Column) or kind.modifiers:
            return None
        found = self._plain(inner)
        if found is None:
            return None
        if inner.kind.name in INTEGERS and kind.name in ("int4", "int8", "numeric"):
            wider = ("int2", "int4", "int8", "numeric")
            return found if wider.index(kind.name) > wider.index(inner.kind.name) else None
        if inner.kind.name in (*INTEGERS, "float4") and kind.name == "float8":
            return found._replace(floating=True)
        if inner.kind.name == "date" and kind.name == "timestamp":
            return found._replace(days=True)
        return None

    def _plain(self, node: Column) -> Tested | None:
        column, kind = self._names.get(node.name), node.kind
        if column is None or kind.late or kind.element is not None:
            return None
        if kind.name in ("float4", "float8"):
            return Tested(column, True)
        whole = kind.name == "numeric" and kind.modifiers == (20, 0)  # uint64
        if whole or kind.name in (*INTEGERS, *MOMENTS, "bool", "text"):
            return Tested(column, False)
        return None

    def _like(self, left: Expression, right: Expression) -> Test:
        """LIKE with a pattern that is a text, then at most one %."""
        tested, pattern = self._tested(left), value_of(right, self._parameters)
        if pattern is None:
            return Never()
        if tested is None or not isinstance(pattern, str) or left.kind.name != "text":
            return Unknown()
        head, percent, rest = pattern.partition("%")
        if "_" in head or "\\" in pattern:
            return Unknown()
        if not percent:
            return Compare(tested.column, "=", head.encode())
        begins = Prefix(tested.column, head.encode())
        if rest.strip("%"):
            return All((begins, Unknown()))
        return begins


def _floor(value: Decimal) -> tuple[int, bool]:
    """The greatest integer up to a number, and whether it is that."""
    low = math.floor(value)
    return low, value == low


def _whole(tested: Tested, operation: str, low: int, exact: bool) -> Test:
    """Integers against a number that lies at `low` or, if not `exact`, between it and the next."""
    if exact:
        return Compare(tested.column, operation, low)
    if operation == "=":
        return Never()
    if operation == "<>":
        return Null(tested.column, negated=True)
    return Compare(tested.column, ">" if operation in (">", ">=") else "<=", low)


def _among(tested: Tested, values: Sequence[Any], *, negated: bool) -> Test:
    """A column that is one of some values, or none of them."""
    if not values:
        return Null(tested.column, negated=True) if negated else Never()
    plain = sorted({value for value in values if value == value})  # noqa: PLR0124 - no NaN
    nan = [value for value in values if value != value][:1]  # noqa: PLR0124
    return Within(tested.column, (*plain, *nan), tested.floating, negated)


def _joined(parts: tuple[Test, ...], *, every: bool) -> Test:
    """All or any of some tests, simplified; equalities of one column together."""
    type_: type[All | Any_] = All if every else Any_
    flat: list[Test] = []
    for part in parts:
        flat += part.parts if isinstance(part, type_) else (part,)
    if every:
        return Never() if any(isinstance(p, Never) for p in flat) else All(tuple(flat))
    flat = [part for part in flat if not isinstance(part, Never)]
    if any(isinstance(part, All) and not part.parts for part in flat):
        return All(())
    equal = [p for p in flat if _is_equality(p)]
    if len(equal) > 1 and len({p[::3] for p in equal}) == 1:
        first: Any = equal[0]
        values = [p.value for p in equal if isinstance(p, Compare)]
        rest = [part for part in flat if not _is_equality(part)]
        flat = [*rest, _among(Tested(first.column, first.floating), values, negated=False)]
    if not flat:
        return Never()
    return flat[0] if len(flat) == 1 else Any_(tuple(flat))


def _is_equality(test: Test) -> bool:
    return isinstance(test, Compare) and test.operation == "="


def is_certain(test: Test) -> bool:
    """Whether a test tells of every row what the engine would."""
    if isinstance(test, All | Any_):
        return all(map(is_certain, test.parts))
    return not isinstance(test, Unknown)


def columns_of(test: Test) -> set[str]:
    """The columns that a test looks at."""
    if isinstance(test, All | Any_):
        return set().union(*map(columns_of, test.parts))
    return {test.column} if isinstance(test, Compare | Within | Prefix | Null) else set()
