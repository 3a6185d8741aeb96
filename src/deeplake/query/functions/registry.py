"""The registry of operators and functions: what is not here does not reach the engine.

A family registers signatures as text: `register("round", "numeric, int4 -> numeric", "round({0},
{1})")`. Patterns besides kinds: `any` anything, `late` anything, late ones without their values,
`any[]` an array whose elements are `element`, `same` the kind of the first argument, `any...` and
`text...` any number of them. A result is a kind, `same`, `element`, `any[]`, `array` (of the first
argument), or what `digits` says of the arguments' kinds.

Which of several signatures is meant is decided as Postgres decides (its manual, chapter 10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import as_kind, coerce, common_kind, implicit_cost, present, settled
from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Expression,
    Parameter,
    walk,
)
from deeplake.query.kinds import (
    INT4,
    NUMBERS,
    SPELLINGS,
    TEXT,
    TEXTS,
    Kind,
    array_of,
    digits_of,
    engine_type,
)
from deeplake.query.parameters import meanings
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Builder = Callable[[Sequence[Expression]], Expression]
    Digits = Callable[[Sequence[Expression]], Kind]


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


_families: dict[str, dict[str, list[Signature]]] = {
    "scalar": {}, "aggregate": {}, "window": {}, "ordered": {},
}  # fmt: skip
_special: dict[str, Builder] = {}
_special_aggregates: dict[str, Callable[[Sequence[Expression]], Aggregate]] = {}


def register(
    names: str,
    signature: str,
    template: str,
    *,
    volatile: bool = False,
    family: str = "scalar",
    digits: Digits | None = None,
) -> None:
    """Make a function or operator known under some names.

    Args:
        names: in lower case, apart by spaces.
        signature: 'text, int4 -> text'; see the module.
        template: the engine's spelling with {0}, {1} …; {all} for the arguments of a variadic one;
            {type} for the engine's type of the result; of an aggregate also {distinct}, {order}
            and {clauses}.
        volatile: gives other values for the same arguments.
        family: "scalar", "aggregate", "window", or "ordered" for aggregates WITHIN GROUP, whose
            last argument is what is ordered.
        digits: the numeric that results from these arguments.
    """
    left, _, result = signature.partition("->")
    arguments = tuple(part.strip() for part in left.split(",") if part.strip())
    made = Signature(arguments, result.strip(), template, volatile, digits)
    for name in names.split():
        _families[family].setdefault(name, []).append(made)


def special(names: str) -> Callable[[Builder], Builder]:
    """Register a function that makes its expression itself."""

    def decorate(builder: Builder) -> Builder:
        for name in names.split():
            _special[name] = builder
        return builder

    return decorate


def special_aggregate(names: str) -> Callable[[Any], Any]:
    """Register an aggregate that makes its expression itself."""

    def decorate(builder: Callable[[Sequence[Expression]], Aggregate]) -> Any:
        for name in names.split():
            _special_aggregates[name] = builder
            _families["aggregate"].setdefault(name, [])
        return builder

    return decorate


def is_aggregate(name: str) -> bool:
    """Whether a name is one of an aggregate."""
    return name in _families["aggregate"] or name in _families["ordered"]


def is_ordered(name: str) -> bool:
    """Whether a name is one of an aggregate WITHIN GROUP."""
    return name in _families["ordered"]


def is_window(name: str) -> bool:
    """Whether a name is one of a function that needs OVER."""
    return name in _families["window"]


_parameters: dict[str, tuple[str, ...]] = {}


def name_parameters(name: str, parameters: str) -> None:
    """Let a function be called by the names of its parameters, each 0 where it is left out."""
    _parameters[name] = tuple(parameters.split())


def in_order(name: str, given: Sequence[tuple[str | None, Expression]]) -> list[Expression]:
    """Arguments in the places of their names; those without one come first.

    Raises:
        QueryError: 42883, the function has no such parameter, or one is given twice.
    """
    if all(label is None for label, _ in given):
        return [argument for _, argument in given]
    places = _parameters.get(name)
    if places is None:
        raise UnsupportedQueryError(f"arguments of {name} by name are not supported.")
    made: list[Expression] = [Constant(0, INT4) for _ in places]
    taken: set[str] = set()
    for k, (label, argument) in enumerate(given):
        place = label if label is not None else places[k] if k < len(places) else ""
        if place not in places or place in taken:
            raise QueryError(f"function does not exist: {name}({place} => …).", sqlstate="42883")
        taken.add(place)
        made[places.index(place)] = argument
    return made


def known(name: str) -> bool:
    """Whether there is any function or operator of a name."""
    return name in _special or any(name in family for family in _families.values())


def nearest(name: str) -> str:
    """A hint that names the function of the nearest name; '' if none is near."""
    from difflib import get_close_matches

    found = {*_special, *(known for family in _families.values() for known in family)}
    near = get_close_matches(name, sorted(found), n=1, cutoff=0.75)
    return f"Did you mean {near[0]!r}?" if near else ""


def call(name: str, arguments: Sequence[Expression]) -> Expression:
    """A call of a scalar function or operator.

    Raises:
        UnsupportedQueryError: no function of that name is known.
        QueryError: 42883, none takes these kinds; 42725, several do.
        NeedEarly: an argument is a late column.
    """
    try:
        return _call(name, arguments)
    except QueryError as error:
        if error.sqlstate != "42883":
            raise
        for meant in meanings(arguments):
            try:
                return _call(name, meant)
            except QueryError:
                continue
        raise


def _call(name: str, arguments: Sequence[Expression]) -> Expression:
    builder = _special.get(name)
    if builder is None:
        return plain_call(name, arguments)
    alone = len(arguments) == 1 and not _is_name(name)
    if alone and not any(s.takes(1) for s in _families["scalar"].get(name, ())):
        raise _unknown(name, arguments)
    return builder(arguments)


def plain_call(name: str, arguments: Sequence[Expression]) -> Expression:
    """A call of what is registered by signatures, for builders that only sort arguments."""
    signatures = _families["scalar"].get(name)
    if signatures is None:
        raise UnsupportedQueryError(f"{_named(name)} is not supported.")
    return chosen(name, signatures, arguments)


def bound(
    name: str, template: str, made: Sequence[Expression], kind: Kind, *, volatile: bool = False
) -> Expression:
    """A call whose template may use an argument several times.

    An argument that is long, or differs each time, is evaluated once: as the parameter of a
    lambda. Else nested calls would double the text at every level.
    """
    template = _spread(template, len(made)).replace("{type}", engine_type(kind))
    if any(template.count(f"{{{k}}}") > 1 and _heavy(a) for k, a in enumerate(made)):
        packed = ", ".join(f"a{k} := {{{k}}}" for k in range(len(made)))
        inside = re.sub(r"(?<!\{)\{(\d+)\}", r"v.a\1", template)
        template = f"list_transform([struct_pack({packed})], lambda v: {inside})[1]"
    return Call(name, template, tuple(made), kind, volatile)


_LIGHT = 64
"""Leaves in the text of an argument up to which repeating it is cheaper than a lambda."""


def _heavy(expression: Expression) -> bool:
    return _leaves(expression) > _LIGHT


def _leaves(expression: Expression) -> int:
    """Leaves in the text of an expression; many where it is volatile."""
    if isinstance(expression, Constant) and isinstance(expression.value, tuple):
        return len(expression.value)
    if isinstance(expression, Column | Constant | Parameter):
        return 1
    if isinstance(expression, Call) and expression.volatile:
        return _LIGHT + 1
    total = 1
    for k, argument in enumerate(expression.arguments):
        total += max(1, expression.template.count(f"{{{k}}}")) * _leaves(argument)
        if total > _LIGHT:
            break
    return total


def aggregate(name: str, arguments: Sequence[Expression]) -> Aggregate:
    """A call of an aggregate or window function, without its clauses.

    Raises:
        As `call` does.
    """
    builder = _special_aggregates.get(name)
    if builder is not None:
        return builder(arguments)
    return plain_aggregate(name, arguments)


def plain_aggregate(name: str, arguments: Sequence[Expression]) -> Aggregate:
    """An aggregate or window function that is registered by signatures."""
    family = "aggregate" if name in _families["aggregate"] else "window"
    if (
        family == "window"
        and name != "ntile"
        and any(a.kind.name == "unknown" for a in arguments[:1])
    ):
        raise _no_type()
    return _aggregate(family, name, arguments)


def _no_type() -> QueryError:
    return QueryError(
        "could not determine polymorphic type because input has type unknown.", sqlstate="42804"
    )


def ordered(name: str, arguments: Sequence[Expression], keys: Sequence[Expression]) -> Aggregate:
    """An aggregate WITHIN GROUP (ORDER BY keys), without its clauses.

    What is ordered is the last of its arguments: only where it is to descend, an order by just that
    expression belongs to the clauses.

    Raises:
        As `call` does.
        QueryError: 22003, a fraction is not between 0 and 1.
    """
    if keys and not any(isinstance(part, Column) for part in walk(keys[-1])):
        raise UnsupportedQueryError(f"{name} of what is the same in all rows is not supported.")
    if keys and name == "percentile_cont" and keys[-1].kind.name in ("interval", "time"):
        raise UnsupportedQueryError(f"{name} of {keys[-1].kind.plain} is not supported.")
    made = _aggregate("ordered", name, [*arguments, *keys])
    if name.startswith("percentile"):
        _check_fractions(made.arguments[0])
    return made


def _check_fractions(expression: Expression) -> None:
    if isinstance(expression, Call) and expression.arguments:
        for argument in expression.arguments:
            _check_fractions(argument)
        return
    if not isinstance(expression, Constant) or expression.value is None:
        raise UnsupportedQueryError("a percentile that is no constant is not supported.")
    if not 0 <= expression.value <= 1:
        raise QueryError(
            f"percentile value {expression.value} is not between 0 and 1.", sqlstate="22003"
        )


def _aggregate(family: str, name: str, arguments: Sequence[Expression]) -> Aggregate:
    found, made = _resolve(name, _families[family].get(name, []), arguments)
    kind = _result(found, made)
    template = _spread(found.template, len(made))
    if "{type}" in template:
        template = template.replace("{type}", engine_type(kind))
    return Aggregate(name, template, tuple(made), kind)


def chosen(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> Expression:
    """A call by one of some signatures that are kept elsewhere.

    Raises:
        As `call` does.
    """
    found, made = _resolve(name, signatures, arguments)
    return bound(name, found.template, made, _result(found, made), volatile=found.volatile)


def _spread(template: str, count: int) -> str:
    if "{all}" not in template:
        return template
    return template.replace("{all}", ", ".join(f"{{{k}}}" for k in range(count)))


def _is_name(name: str) -> bool:
    return name[:1].isalpha() or name[:1] == "_"


def _named(name: str) -> str:
    return f"function {name}()" if _is_name(name) else f"operator {name}"


def _resolve(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> tuple[Signature, list[Expression]]:
    """The signature that is meant, and the arguments as it wants them."""
    found = _signature(name, signatures, arguments)
    try:
        element = _element(found, arguments)
    except QueryError as error:
        if not _is_name(name) or "polymorphic" not in error.message:
            raise _unknown(name, arguments) from None
        raise
    return found, [_taken(found.pattern(k), a, arguments, element) for k, a in enumerate(arguments)]


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
        raise _unknown(name, arguments)
    found = able[0] if len(able) == 1 else _chosen(name, able, arguments)
    if len(_resolved) >= RESOLVED_MAX:
        _resolved.clear()
    _resolved[name, kinds] = signatures, found
    return found


def _unknown(name: str, arguments: Sequence[Expression]) -> QueryError:
    kinds = ", ".join(str(argument.kind.plain) for argument in arguments)
    shown = f"{name}({kinds})" if _is_name(name) else _operation(name, arguments)
    what = "function" if _is_name(name) else "operator"
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
    if len(names) == 2 and "float4" in names and names <= frozenset(NUMBERS) and not _is_name(name):
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
        shown = ", ".join(str(kind.plain) for kind in kinds)
        raise QueryError(
            f"{_named(name)} is not unique: ({shown}).",
            hint="Cast the arguments to the types that are meant.",
            sqlstate="42725",
        )
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
        return coerce(argument, TEXT if kind.name == "unknown" else kind)
    common = common_kind([first, argument], "arguments of")
    if common.name != kind.name:
        raise UnsupportedQueryError(f"arguments of types {kind.plain} and {argument.kind.plain} "
                                    "together are not supported here.")  # fmt: skip
    if kind.name == "numeric" and digits_of(argument.kind)[1] > digits_of(kind)[1]:
        raise UnsupportedQueryError("a numeric with more digits than the first is not supported.")
    return coerce(argument, kind)


def _element(signature: Signature, arguments: Sequence[Expression]) -> Kind:
    """What the arrays and elements among some arguments have in common."""
    found = []
    for k, argument in enumerate(arguments):
        pattern, kind = signature.pattern(k), argument.kind
        if pattern == "any[]" and kind.element is not None:
            found.append(Constant(None, present(argument).kind.element or TEXT))
        elif pattern == "element" and kind.name != "unknown":
            found.append(Constant(None, settled(present(argument)).kind))
    if not found and "any[]" in signature.arguments and len(arguments) == len(signature.arguments):
        raise _no_type()
    return common_kind(found, "ARRAY") if found else TEXT


def _kind(pattern: str) -> Kind:
    if pattern.endswith("[]"):
        return array_of(_kind(pattern[:-2]))
    return SPELLINGS[pattern]


def _result(signature: Signature, arguments: Sequence[Expression]) -> Kind:
    if signature.digits is not None:
        return signature.digits(arguments)
    result = signature.result
    if result == "same":
        return arguments[0].kind
    if result in ("element", "any[]"):
        array = next((a.kind for a in arguments if a.kind.element is not None), array_of(TEXT))
        return array if result == "any[]" or array.element is None else array.element
    if result == "array":
        return array_of(arguments[0].kind)
    return _kind(result)
