"""The registry of operators and functions: what is not here does not reach the engine.

A family registers signatures as text: `register("round", "numeric, int4 -> numeric", "round({0},
{1})")`. Patterns besides kinds: `any` anything, `late` anything, late ones without their values,
`any[]` an array whose elements are `element`, `same` the kind of the first argument, `any...` and
`text...` any number of them. A result is a kind, `same`, `element`, `any[]`, `array` (of the first
argument), or what `digits` says of the arguments' kinds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Expression,
    Parameter,
    walk,
)
from deeplake.query.functions.resolution import (
    Signature,
    is_name,
    named,
    no_type,
    resolve,
    result_of,
    unknown,
)
from deeplake.query.kinds import (
    INT4,
    TEXTS,
    Kind,
    engine_type,
)
from deeplake.query.parameters import meanings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.query.functions.resolution import Digits

    Builder = Callable[[Sequence[Expression]], Expression]


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
        beside_text = name == "||" and any(a.kind.name in TEXTS for a in arguments)
        if error.sqlstate != "42883" or beside_text:  # no list is meant as a text
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
    alone = len(arguments) == 1 and not is_name(name)
    if alone and not any(s.takes(1) for s in _families["scalar"].get(name, ())):
        raise unknown(name, arguments)
    return builder(arguments)


def plain_call(name: str, arguments: Sequence[Expression]) -> Expression:
    """A call of what is registered by signatures, for builders that only sort arguments."""
    signatures = _families["scalar"].get(name)
    if signatures is None:
        hint = "Write = for equal." if name == "==" else ""
        raise UnsupportedQueryError(f"{named(name)} is not supported.", hint=hint)
    return chosen(name, signatures, arguments)


def bound(
    name: str, template: str, made: Sequence[Expression], kind: Kind, *, volatile: bool = False
) -> Expression:
    """A call whose template may use an argument several times.

    An argument that is long, or differs each time, is evaluated once: as the parameter of a
    lambda. Else nested calls would double the text at every level.
    """
    if "{all}" in template or "{type}" in template:
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
        raise no_type()
    return _aggregate(family, name, arguments)


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
    found, made = resolve(name, _families[family].get(name, []), arguments)
    kind = result_of(found, made)
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
    found, made = resolve(name, signatures, arguments)
    return bound(name, found.template, made, result_of(found, made), volatile=found.volatile)


def _spread(template: str, count: int) -> str:
    if "{all}" not in template:
        return template
    return template.replace("{all}", ", ".join(f"{{{k}}}" for k in range(count)))
