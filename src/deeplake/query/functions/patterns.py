"""LIKE and regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import coerce, present
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.functions.registry import plain_call, register, special
from deeplake.query.functions.text import by_places
from deeplake.query.kinds import BOOL, INT4, TEXT, TEXTS, array_of
from deeplake.query.regular import Regular, replacement

if TYPE_CHECKING:
    from collections.abc import Sequence


for _name, _words in (
    ("~~", "LIKE"),
    ("!~~", "NOT LIKE"),
    ("~~*", "ILIKE"),
    ("!~~*", "NOT ILIKE"),
):
    register(_name, "text, text -> bool", f"({{0}} {_words} {{1}} ESCAPE '\\')")
    register(_name, "bpchar, text -> bool", f"({{0}} {_words} {{1}} ESCAPE '\\')")

for _name in ("~~", "!~~"):
    register(
        _name,
        "bytea, bytea -> bool",
        "CAST(error('[0A000] LIKE of bytea is not supported') AS BOOLEAN)",
    )

_MATCHES = "text, text -> bool"
for _name in ("~", "~*", "!~", "!~*"):
    register(_name, _MATCHES, "")
register("regexp_like", _MATCHES, "")
register("regexp_like", "text, text, text -> bool", "")


def _matching(name: str, *, flags: str = "", negated: bool = False) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        if any(a.kind.name in ("int2", "int4", "int8") for a in arguments):
            return plain_call(name, arguments)  # ~ of bits
        checked = plain_call(name, arguments)
        text, pattern, *rest = _texts(checked)
        chosen = flags + (_flags(rest[0]) if rest else "")
        if isinstance(pattern, Constant):
            if pattern.value is None:
                return Constant(None, BOOL)
            made: Expression = Constant(Regular(pattern.value, chosen).text, TEXT)
        else:
            made = Call("pattern", f"patterns__re2({{0}}, '{chosen}')", (pattern,), TEXT)
        call = "regexp_matches({0}, {1})"
        return Call(name, f"(NOT {call})" if negated else call, (text, made), BOOL)


_matching("~")
_matching("~*", flags="i")
_matching("!~", negated=True)
_matching("!~*", flags="i", negated=True)
_matching("regexp_like")


def _texts(call: Expression) -> tuple[Expression, ...]:
    return call.arguments if isinstance(call, Call) else ()


def _flags(expression: Expression) -> str:
    if not isinstance(expression, Constant) or expression.value is None:
        raise UnsupportedQueryError("flags of a pattern that are no constant are not supported.")
    return str(expression.value)


def _regular(pattern: Expression, flags: str, name: str, *, found: bool = True) -> Regular:
    """The pattern of a function that gives back what was found.

    Raises:
        UnsupportedQueryError: it is no constant, or Postgres might find a longer match.
    """
    if not isinstance(pattern, Constant):
        raise UnsupportedQueryError(f"a pattern of {name} that is no constant is not supported.")
    regular = Regular(str(pattern.value), flags.replace("g", ""))
    if not regular.first_is_longest:
        raise UnsupportedQueryError(
            f"{name} with alternatives that begin alike, or with greedy and lazy quantifiers, is "
            "not supported."
        )
    if found and regular.optional:
        raise UnsupportedQueryError(f"{name} with a group that may be left out is not supported.")
    return regular


def _is_null(arguments: Sequence[Expression]) -> bool:
    return any(isinstance(a, Constant) and a.value is None for a in arguments)


register("regexp_replace", "text, text, text -> text", "")
register("regexp_replace", "text, text, text, text -> text", "")


@special("regexp_replace")
def _regexp_replace(arguments: Sequence[Expression]) -> Expression:
    made = _texts(plain_call("regexp_replace", arguments))
    if _is_null(made):
        return Constant(None, TEXT)
    text, pattern, new, *rest = made
    flags = _flags(rest[0]) if rest else ""
    regular = _regular(pattern, flags, "regexp_replace", found=False)
    if not isinstance(new, Constant):
        raise UnsupportedQueryError("a replacement that is no constant is not supported.")
    word = replacement(str(new.value))
    if any(f"\\{k}" in word for k in range(regular.groups + 1, 10)):
        raise UnsupportedQueryError("a replacement that names a missing group is not supported.")
    parts = (text, Constant(regular.text, TEXT), Constant(word, TEXT))
    options = "'g'" if "g" in flags else "''"
    return Call("regexp_replace", f"regexp_replace({{0}}, {{1}}, {{2}}, {options})", parts, TEXT)


register("regexp_match", "text, text -> text[]", "")
register("regexp_match", "text, text, text -> text[]", "")


@special("regexp_match")
def _regexp_match(arguments: Sequence[Expression]) -> Expression:
    made = _texts(plain_call("regexp_match", arguments))
    kind = array_of(TEXT)
    if _is_null(made):
        return Constant(None, kind)
    text, pattern, *rest = made
    flags = _flags(rest[0]) if rest else ""
    if "g" in flags:
        raise QueryError(
            'regexp_match() does not support the "global" option.',
            hint="Use the regexp_matches function instead.",
            sqlstate="22023",
        )
    regular = _regular(pattern, flags, "regexp_match")
    groups = range(1, regular.groups + 1) if regular.groups else (0,)
    items = ", ".join(f"regexp_extract({{0}}, {{1}}, {k})" for k in groups)
    template = f"CASE WHEN regexp_matches({{0}}, {{1}}) THEN [{items}] END"
    return Call("regexp_match", template, (text, Constant(regular.text, TEXT)), kind)


def matches(arguments: Sequence[Expression]) -> Expression:
    """regexp_matches as a list of its rows, each an array.

    Raises:
        UnsupportedQueryError, QueryError
    """
    made = _texts(plain_call("regexp_matches", arguments))
    kind = array_of(array_of(TEXT))
    if _is_null(made):
        return Constant(None, kind)
    text, pattern, *rest = made
    flags = _flags(rest[0]) if rest else ""
    regular = _regular(pattern, flags, "regexp_matches")
    groups = range(1, regular.groups + 1) if regular.groups else (0,)
    lists = [f"regexp_extract_all({{0}}, {{1}}, {k})" for k in groups]
    items = ", ".join(f"({each})[i]" for each in lists)
    count = f"len({lists[0]})" if "g" in flags else f"least(1, len({lists[0]}))"
    rows = f"list_transform(range(1, {count} + 1), lambda i: [{items}])"
    template = f"CASE WHEN {{0}} IS NOT NULL THEN {rows} END"
    return Call("regexp_matches", template, (text, Constant(regular.text, TEXT)), kind)


register("regexp_matches", "text, text -> text[]", "")
register("regexp_matches", "text, text, text -> text[]", "")


@special("regexp_matches")
def _regexp_matches(_: Sequence[Expression]) -> Expression:
    raise UnsupportedQueryError("regexp_matches() cannot stand here: it returns rows.")


register("regexp_split_to_array", "text, text -> text[]", "")
register("regexp_split_to_array", "text, text, text -> text[]", "")


@special("regexp_split_to_array")
def _regexp_split(arguments: Sequence[Expression]) -> Expression:
    name, kind = "regexp_split_to_array", array_of(TEXT)
    text, regular = _finding(name, arguments)
    if regular is None:
        return Constant(None, kind)
    if regular.nullable:
        raise UnsupportedQueryError(f"{name} by a pattern that matches '' is not supported.")
    parts = (text, Constant(regular.text, TEXT))
    return Call(name, "string_split_regex({0}, {1})", parts, kind)


def _finding(name: str, arguments: Sequence[Expression]) -> tuple[Expression, Regular | None]:
    made = _texts(plain_call(name, arguments))
    if _is_null(made):
        return made[0], None
    text, pattern, *rest = made
    return text, _regular(pattern, _flags(rest[0]) if rest else "", name, found=False)


register("regexp_count", "text, text -> int4", "")


@special("regexp_count")
def _regexp_count(arguments: Sequence[Expression]) -> Expression:
    text, regular = _finding("regexp_count", arguments)
    if regular is None:
        return Constant(None, INT4)
    if regular.nullable:
        raise UnsupportedQueryError("regexp_count of a pattern that matches '' is not supported.")
    template = "CAST(len(regexp_extract_all({0}, {1})) AS INTEGER)"
    return Call("regexp_count", template, (text, Constant(regular.text, TEXT)), INT4)


register("regexp_substr", "text, text -> text", "")


@special("regexp_substr")
def _regexp_substr(arguments: Sequence[Expression]) -> Expression:
    text, regular = _finding("regexp_substr", arguments)
    return Constant(None, TEXT) if regular is None else _extracted(text, regular, 0)


def _extracted(text: Expression, regular: Regular, group: int) -> Expression:
    template = (
        f"CASE WHEN regexp_matches({{0}}, {{1}}) THEN regexp_extract({{0}}, {{1}}, {group}) END"
    )
    return Call("substring", template, (text, Constant(regular.text, TEXT)), TEXT)


@special("substring")
def _substring(arguments: Sequence[Expression]) -> Expression:
    """substring(text from pattern); by places as any function."""
    if len(arguments) == 2:
        text, pattern = arguments
        textual = all(a.kind.name in TEXTS or a.kind.name == "unknown" for a in arguments)
        if textual:
            made = (coerce(present(text), TEXT), coerce(present(pattern), TEXT))
            if _is_null(made):
                return Constant(None, TEXT)
            regular = _regular(made[1], "", "substring")
            return _extracted(made[0], regular, 1 if regular.groups else 0)
    if len(arguments) == 3 and all(a.kind.name in (*TEXTS, "unknown") for a in arguments):
        raise UnsupportedQueryError("substring(… SIMILAR … ESCAPE …) is not supported.")
    return by_places("substring", arguments)
