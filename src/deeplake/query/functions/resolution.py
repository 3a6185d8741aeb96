"""Which of several signatures is meant by a call, and what it gives.

Decided as Postgres decides (its manual, chapter 10): exact matches first, then preferred types,
then the categories of literals whose type nobody said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import (
    as_kind,
    coerce,
    common_kind,
    holding,
    implicit_cost,
    present,
    settled,
)
from deeplake.query.expression import Constant, Expression
from deeplake.query.kinds import NUMBERS, NUMERIC, SPELLINGS, TEXT, TEXTS, Kind, array_of, digits_of
from deeplake.query.parameters import is_list
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Digits = Callable[[Sequence[Expression]], Kind]


_OF_ARRAYS = ("any[]", "element")


class Signature(NamedTuple):
    """One way to call a name."""

    arguments: tuple[str, ...]
    result: str
    template: str
    volatile: bool = False
    digits: Digits | None = None

    @property
    def variadic(self) -> bool:
        """Whether the last argument may be repeated."""
        return bool(self.arguments) and self.arguments[-1].endswith("...")

    @property
    def polymorphic(self) -> bool:
        """Whether arguments are arrays of any elements, or such elements."""
        return any(p.startswith(_OF_ARRAYS) for p in self.arguments)

    def takes(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        if self.variadic:
            return count >= len(self.arguments) - 1
        return count == len(self.arguments)

    def pattern(self, index: int) -> str:
        """The pattern of an argument."""
        if self.variadic and index >= len(self.arguments) - 1:
            return self.arguments[-1][:-3]
        return self.arguments[index]


def no_type() -> QueryError:
    """The error for elements none of which has a type."""
    return QueryError(
        "could not determine polymorphic type because input has type unknown.", sqlstate="42804"
    )


def no_array_of(kind: Kind) -> QueryError:
    """The error for a literal that would be an array of arrays."""
    return QueryError(f"could not find array type for data type {kind.plain}.", sqlstate="42704")


def is_name(name: str) -> bool:
    """Whether it is the name of a function, not of an operator."""
    return name[:1].isalpha() or name[:1] == "_"


def named(name: str) -> str:
    """A function or an operator as messages name it."""
    return f"function {name}()" if is_name(name) else f"operator {name}"


def resolve(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> tuple[Signature, list[Expression]]:
    """The signature that is meant, and the arguments as it wants them."""
    if (name, len(arguments)) in _OVERLOADED and all(a.kind.name == "unknown" for a in arguments):
        raise _not_unique(name, arguments)
    found = _signature(name, signatures, arguments)
    element = _checked_element(name, found, arguments) if found.polymorphic else TEXT
    return found, [_taken(found.pattern(k), a, arguments, element) for k, a in enumerate(arguments)]


def _checked_element(name: str, found: Signature, arguments: Sequence[Expression]) -> Kind:
    """What the arrays and elements have in common, where they may meet.

    Raises:
        As `resolve` does.
    """
    try:
        element = _element(name, found, arguments)
    except QueryError as error:
        if not is_name(name) or "polymorphic" not in error.message:
            raise unknown(name, arguments) from None
        raise
    if name in _EXTREMES or sum(p in ("any[]", "element") for p in found.arguments) > 1:
        _refuse_unequal(name, element, found, arguments)
    return element


_OVERLOADED = frozenset((
    ("age", 1), ("trunc", 1), ("unnest:", 1), ("&&", 2), ("?|", 2),
))  # fmt: skip
"""(name, arguments) that Postgres has for kinds that are not known here as well: xid, macaddr,
tsvector, geometry. Literals alone do not say which is meant."""
_COMPATIBLE = frozenset((
    "array_append", "array_prepend", "array_cat", "array_position", "array_positions",
    "array_remove", "array_replace", "width_bucket",
))  # fmt: skip
"""Whose arrays and elements become one kind, which is text where nothing says it."""


def _not_unique(name: str, arguments: Sequence[Expression]) -> QueryError:
    shown = ", ".join(str(argument.kind.plain) for argument in arguments)
    return QueryError(
        f"{named(name.partition(':')[0])} is not unique: ({shown}).",
        hint="Cast the arguments to the types that are meant.",
        sqlstate="42725",
    )


_JOINING = frozenset(("||", "array_append", "array_prepend", "array_cat"))
_BY_BITS = frozenset(("@>", "<@", "&&"))
_ALIKE = _BY_BITS | {"=", "<>", "<", ">", "<=", ">="}
"""Operators that Postgres has for two arrays of one kind, and does not cast either side for."""
_EXTREMES = frozenset(("min", "max"))


def _refuse_unequal(
    name: str, element: Kind, found: Signature, arguments: Sequence[Expression]
) -> None:
    """Refuse to compare arrays of two kinds; elements that have no equality; and those that the
    engine takes for others: 1 and 1.0 in jsonb, a month and 30 days where it looks for elements by
    their bits.

    Raises:
        QueryError: 42883.
        UnsupportedQueryError
    """
    if "any[]" not in found.arguments or name in _JOINING:
        return
    if name in _ALIKE:
        kinds = [a.kind.element for a in arguments if not is_list(a)]  # a list is what is asked for
        if len({kind.name for kind in kinds if kind is not None}) > 1:
            raise unknown(name, arguments)
    given = all(
        (a.kind.name != "unknown" or (p == "element" and getattr(a, "value", None) is not None))
        and getattr(a, "value", a) is not None
        for p, a in zip(found.arguments, arguments, strict=False)
    )
    if element.name == "json" and given and name not in _EXTREMES:  # Postgres looks at NULL first
        raise QueryError(
            "could not identify an equality operator for type json.",
            hint="Cast it to jsonb.",
            sqlstate="42883",
        )
    if element.name in ("json", "jsonb") or (element.name == "interval" and name in _BY_BITS):
        raise UnsupportedQueryError(f"{named(name)} of arrays of {element} is not supported.")


_resolved: dict[tuple[str, tuple[Kind, ...]], tuple[Sequence[Signature], Signature]] = {}
"""(name, kinds of the arguments) -> the signatures there were, and which of them was meant."""

RESOLVED_MAX = 4096
"""Kept at a time: which it is takes 100 us to find out, and depends on nothing else."""


def _signature(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> Signature:
    """The signature that is meant."""
    kinds = tuple([argument.kind for argument in arguments])
    known = _resolved.get((name, kinds))
    if known is not None and known[0] is signatures:
        return known[1]
    able = [
        s
        for s in signatures
        if s.takes(len(kinds))
        and all(_fits(s.pattern(k), given, kinds) for k, given in enumerate(kinds))
    ]
    if not able:
        raise _none_able(name, signatures, arguments)
    found = able[0] if len(able) == 1 else _chosen(name, able, arguments)
    if len(_resolved) >= RESOLVED_MAX:
        _resolved.clear()
    _resolved[name, kinds] = signatures, found
    return found


_RANGES = {"@>": 0, "<@": 1}
"""Operators that Postgres has for ranges and what is in them -> the side of the range."""


def _none_able(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> QueryError:
    """The error where no signature takes some arguments, for literals as Postgres has it."""
    kinds = [argument.kind for argument in arguments]
    if name in _RANGES and len(kinds) == 2 and kinds[_RANGES[name]].name == "unknown":
        return _not_unique(name, arguments)
    for signature in signatures if name in _COMPATIBLE else ():
        pairs = list(zip(signature.arguments, kinds, strict=False))
        elements = [kind for pattern, kind in pairs if pattern == "element" and kind.element]
        arrays = {kind.name for pattern, kind in pairs if pattern == "any[]"}
        if elements and arrays == {"unknown"} and signature.takes(len(kinds)):
            return no_array_of(elements[0])
    return unknown(name, arguments)


def unknown(name: str, arguments: Sequence[Expression]) -> QueryError:
    """The error for a call that no signature takes."""
    kinds = ", ".join(str(argument.kind.plain) for argument in arguments)
    shown = f"{name}({kinds})" if is_name(name) else _operation(name, arguments)
    what = "function" if is_name(name) else "operator"
    return QueryError(
        f"{what} does not exist: {shown}.",
        hint="Cast the arguments to types that it takes.",
        sqlstate="42883",
    )


def _operation(name: str, arguments: Sequence[Expression]) -> str:
    if len(arguments) == 1:
        return f"{name} {arguments[0].kind.plain}"
    return f"{arguments[0].kind.plain} {name} {arguments[-1].kind.plain}"


_CATEGORIES = {
    **dict.fromkeys(NUMBERS, "N"), **dict.fromkeys(TEXTS, "S"), "bool": "B", "interval": "T",
    **dict.fromkeys(("date", "timestamp", "timestamptz", "time"), "D"),
}  # fmt: skip
_PREFERRED = frozenset(("float8", "text", "bool", "timestamptz", "interval"))


def _category(pattern: str) -> str:
    if pattern.endswith("[]"):
        return "A"
    return _CATEGORIES.get(pattern, "U" if pattern not in _PATTERNS else "P")


_PATTERNS = frozenset(("any", "late", "element", "same", "number"))


def _is_exact(pattern: str, given: Kind) -> bool:
    return given.element is None and given.name == pattern


def _chosen(name: str, able: list[Signature], arguments: Sequence[Expression]) -> Signature:
    """Postgres' choice: exact matches, preferred types, categories of literals of unknown type."""
    kinds = [argument.kind for argument in arguments]
    places = range(len(kinds))
    known_places = [k for k in places if kinds[k].name != "unknown"]
    names = {kind.name for kind in kinds}
    if len(names) == 2 and "float4" in names and names <= frozenset(NUMBERS) and not is_name(name):
        # of Postgres' operators over float4 and another number the one with float8 is preferred
        for signature in able:
            if all(signature.pattern(k) == "float8" for k in places):
                return signature
    if len(known_places) < len(kinds) and len(kinds) == 2 and known_places:
        # an operator with one literal: of the type of the other side if there is such a one
        other = kinds[known_places[0]]
        for signature in able:
            if all(_is_exact(signature.pattern(k), other) for k in places):
                return signature
    able = _most(able, lambda s: sum(_is_exact(s.pattern(k), kinds[k]) for k in known_places))
    if len(able) == 1:
        return able[0]
    able = _most(
        able,
        lambda s: sum(
            _is_exact(s.pattern(k), kinds[k])
            or (
                s.pattern(k) in _PREFERRED
                and _category(s.pattern(k)) == _CATEGORIES.get(kinds[k].name)
            )
            for k in known_places
        ),
    )
    if len(able) > 1 and len(known_places) < len(kinds):
        able = _by_category(able, kinds)
        if len(able) > 1 and known_places:
            able = _by_known(able, kinds, known_places)
    if len(able) > 1 and len(known_places) == len(kinds):
        able = _nearest(able, kinds)
    if len(able) > 1:
        raise _not_unique(name, arguments)
    return able[0]


def _most(able: list[Signature], score: Callable[[Signature], int]) -> list[Signature]:
    scores = [score(signature) for signature in able]
    best = max(scores)
    return [s for s, found in zip(able, scores, strict=True) if found == best]


def _by_category(able: list[Signature], kinds: Sequence[Kind]) -> list[Signature]:
    for k, kind in enumerate(kinds):
        if kind.name != "unknown":
            continue
        categories = {_category(s.pattern(k)) for s in able}
        if "S" in categories:
            chosen = "S"
        elif len(categories) == 1:
            chosen = categories.pop()
        else:
            return able
        able = [s for s in able if _category(s.pattern(k)) == chosen]
        preferred = [s for s in able if s.pattern(k) in _PREFERRED]
        able = preferred or able
    return able


def _by_known(
    able: list[Signature], kinds: Sequence[Kind], known_places: Sequence[int]
) -> list[Signature]:
    names = {kinds[k].name for k in known_places}
    if len(names) != 1:
        return able
    other = kinds[known_places[0]]
    fitting = [s for s in able if all(_fits(s.pattern(k), other, kinds) for k in range(len(kinds)))]
    return fitting if len(fitting) == 1 else able


def _nearest(able: list[Signature], kinds: Sequence[Kind]) -> list[Signature]:
    """Signatures of ours that stand for one of Postgres: the first of the nearest."""
    polymorphic = [s for s in able if any(s.pattern(k) in _PATTERNS for k in range(len(kinds)))]
    return polymorphic[:1] or able


def _fits(pattern: str, given: Kind, kinds: Sequence[Kind]) -> bool:
    """Whether an argument of a kind can stand where a pattern is."""
    if pattern in ("late", "any"):
        return True
    if pattern == "any[]":
        return given.element is not None or given.name == "unknown"
    if given.name == "unknown":
        return True
    if pattern == "element":
        element = next((k.element for k in kinds if k.element is not None), None)
        return element is None or _meet(given, element)
    if pattern == "same":
        return kinds[0].name == "unknown" or _meet(given, kinds[0])
    return implicit_cost(given, _kind(pattern)) is not None


def _meet(one: Kind, other: Kind) -> bool:
    return implicit_cost(one, other) is not None or implicit_cost(other, one) is not None


def _taken(
    pattern: str, argument: Expression, arguments: Sequence[Expression], element: Kind
) -> Expression:
    if pattern == "late":
        return settled(argument) if argument.kind.name != "unknown" else coerce(argument, TEXT)
    if pattern == "any":
        return (
            coerce(argument, TEXT)
            if argument.kind.name == "unknown"
            else settled(present(argument))
        )
    if pattern == "any[]":
        return as_kind(argument, array_of(element))
    if pattern == "element":
        return as_kind(argument, element)
    if pattern == "same":
        return _as_first(present(arguments[0]), argument)
    return coerce(argument, _kind(pattern))


def _as_first(first: Expression, argument: Expression) -> Expression:
    """An argument as the kind of the first one."""
    kind = settled(first).kind
    if argument.kind.name == "unknown":
        if kind.name == "numeric" and isinstance(argument, Constant):
            argument = coerce(argument, NUMERIC)  # with its own digits
        else:
            argument = coerce(
                argument, TEXT if kind.name == "unknown" else holding(kind, [argument])
            )
            if kind.name != "numeric" or argument.kind == kind:
                return argument
    common = common_kind([first, argument], "arguments of")
    if common.name != kind.name:
        raise UnsupportedQueryError(f"arguments of types {kind.plain} and {argument.kind.plain} "
                                    "together are not supported here.")  # fmt: skip
    if kind.name == "numeric" and digits_of(argument.kind)[1] > digits_of(kind)[1]:
        raise UnsupportedQueryError("a numeric with more digits than the first is not supported.")
    return coerce(argument, kind)


def _element(name: str, signature: Signature, arguments: Sequence[Expression]) -> Kind:
    """What the arrays and elements among some arguments have in common."""
    found = []
    for k, argument in enumerate(arguments):
        pattern, kind = signature.pattern(k), argument.kind
        if pattern == "any[]" and kind.element is not None:
            found.append(Constant(None, present(argument).kind.element or TEXT))
        elif pattern == "element" and kind.name != "unknown":
            found.append(Constant(None, settled(present(argument)).kind))
    if not found and name not in _COMPATIBLE and "any[]" in signature.arguments:
        raise no_type()
    return common_kind(found, "ARRAY") if found else TEXT


def _kind(pattern: str) -> Kind:
    if pattern.endswith("[]"):
        return array_of(_kind(pattern[:-2]))
    return SPELLINGS[pattern]


def result_of(signature: Signature, arguments: Sequence[Expression]) -> Kind:
    """The kind that a call gives."""
    if signature.digits is not None:
        return signature.digits(arguments)
    result = signature.result
    if result == "same":
        alike = {a.kind.modifiers for a in arguments if a.kind.name == arguments[0].kind.name}
        return arguments[0].kind if len(alike) == 1 else arguments[0].kind.plain
    if result in ("element", "any[]"):
        array = next((a.kind for a in arguments if a.kind.element is not None), array_of(TEXT))
        return array if result == "any[]" or array.element is None else array.element
    if result == "array":
        return array_of(arguments[0].kind)
    return _kind(result)
