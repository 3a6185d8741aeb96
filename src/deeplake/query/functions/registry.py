"""The registry of operators and functions: what is not here does not reach the engine.

A family registers signatures as text: `register("round", "numeric, int4 -> numeric", "round({0},
{1})")`. Patterns besides kinds: `number` any number, `any` anything, `any[]` an array whose
elements are `element`, `text...` any number of texts. A result is a kind, `same` (the first
argument's kind), `element` or `any[]` (the first array's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import coerce, implicit_cost, present
from deeplake.query.expression import Aggregate, Call, Expression
from deeplake.query.kinds import NUMBERS, SPELLINGS, TEXT, Kind, array_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Builder = Callable[[Sequence[Expression]], Expression]


class Signature(NamedTuple):
    """One way to call a name."""

    arguments: tuple[str, ...]
    result: str
    template: str
    volatile: bool

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


_scalars: dict[str, list[Signature]] = {}
_aggregates: dict[str, list[Signature]] = {}
_windows: dict[str, list[Signature]] = {}
_special: dict[str, Builder] = {}


def register(
    names: str, signature: str, template: str, *, volatile: bool = False, family: str = "scalar"
) -> None:
    """Make a function or operator known under some names.

    Args:
        names: in lower case, apart by spaces.
        signature: 'text, int4 -> text'; see the module.
        template: the engine's spelling with {0}, {1} …; {all} for the arguments of a variadic one;
            of an aggregate also {distinct} and {order}.
        volatile: gives other values for the same arguments.
        family: "scalar", "aggregate" or "window".
    """
    left, _, result = signature.partition("->")
    arguments = tuple(part.strip() for part in left.split(",") if part.strip())
    made = Signature(arguments, result.strip(), template, volatile)
    known = {"scalar": _scalars, "aggregate": _aggregates, "window": _windows}[family]
    for name in names.split():
        known.setdefault(name, []).append(made)


def special(names: str) -> Callable[[Builder], Builder]:
    """Register a function that makes its expression itself."""

    def decorate(builder: Builder) -> Builder:
        for name in names.split():
            _special[name] = builder
        return builder

    return decorate


def is_aggregate(name: str) -> bool:
    """Whether a name is one of an aggregate."""
    return name in _aggregates


def is_window(name: str) -> bool:
    """Whether a name is one of a function that needs OVER."""
    return name in _windows


def known(name: str) -> bool:
    """Whether there is any function or operator of a name."""
    return any(name in family for family in (_scalars, _aggregates, _windows, _special))


def call(name: str, arguments: Sequence[Expression]) -> Expression:
    """A call of a scalar function or operator.

    Raises:
        UnsupportedQueryError: no function of that name is known.
        QueryError: 42883, none takes these kinds; 42725, several do.
        NeedEarly: an argument is a late column.
    """
    builder = _special.get(name)
    if builder is not None:
        return builder(arguments)
    if name not in _scalars:
        raise UnsupportedQueryError(f"{_named(name)} is not supported.")
    found, made = _resolve(name, _scalars[name], arguments)
    kind = _result(found, made)
    template = _spread(found.template, len(made))
    return Call(name, template, tuple(made), kind, found.volatile)


def aggregate(name: str, arguments: Sequence[Expression]) -> Aggregate:
    """A call of an aggregate or window function, without its clauses.

    Raises:
        As `call` does.
    """
    family = _aggregates if name in _aggregates else _windows
    found, made = _resolve(name, family.get(name, []), arguments)
    return Aggregate(name, _spread(found.template, len(made)), tuple(made), _result(found, made))


def _spread(template: str, count: int) -> str:
    if "{all}" not in template:
        return template
    return template.replace("{all}", ", ".join(f"{{{k}}}" for k in range(count)))


def _named(name: str) -> str:
    return f"function {name}()" if name[:1].isalpha() else f"operator {name}"


def _resolve(
    name: str, signatures: Sequence[Signature], arguments: Sequence[Expression]
) -> tuple[Signature, list[Expression]]:
    """The best signature, and the arguments as it wants them."""
    ranked = []
    for order, signature in enumerate(signatures):
        if signature.takes(len(arguments)):
            costs = [
                _cost(signature.pattern(k), argument.kind, arguments)
                for k, argument in enumerate(arguments)
            ]
            if None not in costs:
                ranked.append((sum(c for c in costs if c is not None), order, signature))
    if not ranked:
        kinds = ", ".join(str(argument.kind) for argument in arguments)
        shown = f"{name}({kinds})" if name[:1].isalpha() else _operation(name, arguments)
        what = "function" if name[:1].isalpha() else "operator"
        raise QueryError(
            f"{what} does not exist: {shown}.",
            hint="Cast the arguments to types that it takes.",
            sqlstate="42883",
        )
    best = min(ranked)[2]
    return best, [_taken(best.pattern(k), a, arguments) for k, a in enumerate(arguments)]


def _operation(name: str, arguments: Sequence[Expression]) -> str:
    if len(arguments) == 1:
        return f"{name} {arguments[0].kind}"
    return f"{arguments[0].kind} {name} {arguments[-1].kind}"


def _cost(pattern: str, given: Kind, arguments: Sequence[Expression]) -> int | None:
    if pattern == "late":
        return 0
    if pattern == "any":
        return 1
    if pattern == "number":
        return 1 if given.name in NUMBERS else 4 if given.name == "unknown" else None
    if pattern == "any[]":
        return 1 if given.element is not None else 4 if given.name == "unknown" else None
    if pattern == "element":
        element = _element(arguments)
        return None if element is None else implicit_cost(given, element)
    return implicit_cost(given, _kind(pattern))


def _taken(pattern: str, argument: Expression, arguments: Sequence[Expression]) -> Expression:
    if pattern == "late":
        return argument
    if pattern in ("any", "number", "any[]"):
        if argument.kind.name != "unknown":
            return present(argument)
        return coerce(argument, array_of(TEXT) if pattern == "any[]" else TEXT)
    if pattern == "element":
        element = _element(arguments)
        assert element is not None
        return coerce(argument, element)
    return coerce(argument, _kind(pattern))


def _element(arguments: Sequence[Expression]) -> Kind | None:
    return next((a.kind.element for a in arguments if a.kind.element is not None), None)


def _kind(pattern: str) -> Kind:
    if pattern.endswith("[]"):
        return array_of(_kind(pattern[:-2]))
    return SPELLINGS[pattern]


def _result(signature: Signature, arguments: Sequence[Expression]) -> Kind:
    if signature.result == "same":
        return arguments[0].kind
    if signature.result == "element":
        element = _element(arguments)
        return TEXT if element is None else element
    if signature.result == "any[]":
        return next((a.kind for a in arguments if a.kind.element is not None), array_of(TEXT))
    if signature.result == "array":
        return array_of(arguments[0].kind)
    return _kind(signature.result)
