"""Functions of texts and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.query.coercion import cast, coerce, present
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.functions.registry import bound, plain_call, register, special
from deeplake.query.functions.resolution import no_type, unknown
from deeplake.query.kinds import TEXT, TEXTS, UNKNOWN, array_of
from deeplake.query.parameters import is_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind

# The engine has upper('ß') = 'ẞ'; Postgres leaves what has no single counterpart.
register(
    "upper",
    "text -> text",
    "CASE WHEN regexp_matches({0}, '[^\\x00-\\x7f]') THEN texts__upper({0}) ELSE upper({0}) END",
)
register(
    "lower",
    "text -> text",
    "CASE WHEN regexp_matches({0}, '[^\\x00-\\x7f]') THEN texts__lower({0}) ELSE lower({0}) END",
)
register("initcap", "text -> text", "texts__initcap({0})")
register("reverse", "text -> text", "array_to_string(list_reverse(string_split({0}, '')), '')")

register("length char_length character_length", "text -> int4", "CAST(length({0}) AS INTEGER)")
register(
    "length char_length character_length",
    "bpchar -> int4",
    "CAST(length(rtrim({0}, ' ')) AS INTEGER)",
)
register("length octet_length", "bytea -> int4", "CAST(octet_length({0}) AS INTEGER)")
for _media in ("image", "video", "audio"):
    register("octet_length", f"{_media} -> int4", "CAST(octet_length({0}) AS INTEGER)")
register("octet_length", "text -> int4", "CAST(strlen({0}) AS INTEGER)")
register("octet_length", "bpchar -> int4", "CAST(strlen({0}) AS INTEGER)")
register("bit_length", "text -> int4", "CAST(8 * strlen({0}) AS INTEGER)")
register("bit_length", "bytea -> int4", "CAST(8 * octet_length({0}) AS INTEGER)")

register("left", "text, int4 -> text", "left({0}, {1})")
register("right", "text, int4 -> text", "right({0}, {1})")
register("substring substr", "text, int4 -> text", "texts__substring({0}, {1}, 1073741823)")
register("substring substr", "text, int4, int4 -> text", "texts__substring({0}, {1}, {2})")
register("substring substr", "bytea, int4 -> bytea", "texts__byte_substring({0}, {1}, 1073741823)")
register("substring substr", "bytea, int4, int4 -> bytea", "texts__byte_substring({0}, {1}, {2})")
register("position strpos", "text, text -> int4", "CAST(strpos({0}, {1}) AS INTEGER)")
register(
    "overlay",
    "text, text, int4 -> text",
    "texts__overlay({0}, {1}, {2}, CAST(length({1}) AS INTEGER))",
)
register("overlay", "text, text, int4, int4 -> text", "texts__overlay({0}, {1}, {2}, {3})")
for _name, _side in (("btrim", "both"), ("ltrim", "left"), ("rtrim", "right")):
    _native = {"both": "trim"}.get(_side, _name)
    register(_name, "text -> text", f"{_native}({{0}}, ' ')")
    register(_name, "text, text -> text", f"texts__strip({{0}}, {{1}}, '{_side}')")
    register(_name, "bytea, bytea -> bytea", f"texts__byte_strip({{0}}, {{1}}, '{_side}')")
for _name in ("lpad", "rpad"):
    register(_name, "text, int4 -> text", f"texts__{_name}({{0}}, {{1}}, ' ')")
    register(_name, "text, int4, text -> text", f"texts__{_name}({{0}}, {{1}}, {{2}})")
register("repeat", "text, int4 -> text", "texts__repeat({0}, {1})")
register("replace", "text, text, text -> text", "replace({0}, {1}, {2})")
register("translate", "text, text, text -> text", "translate({0}, {1}, {2})")
register("split_part", "text, text, int4 -> text", "texts__split_part({0}, {1}, {2})")
register("ascii", "text -> int4", "CAST(ascii({0}) AS INTEGER)")
register("chr", "int4 -> text", "texts__chr({0})")
register("starts_with ^@", "text, text -> bool", "starts_with({0}, {1})")

register("quote_ident", "text -> text", "texts__quote_ident({0})")
register(
    "to_hex",
    "int4 -> text",
    "lower(to_hex(CASE WHEN {0} < 0 THEN CAST({0} AS BIGINT) + 4294967296 ELSE {0} END))",
)
register("to_hex", "int8 -> text", "lower(to_hex({0}))")
register("encode", "bytea, text -> text", "texts__encode({0}, {1})")
register("decode", "text, text -> bytea", "texts__decode({0}, {1})")
register("convert_from", "bytea, text -> text", "texts__utf8({0}, {1})")
register("position", "bytea, bytea -> int4", "texts__byte_position({0}, {1})")
register("get_byte", "bytea, int4 -> int4", "texts__byte({0}, {1})")
register("md5", "text -> text", "md5({0})")
register("md5", "bytea -> text", "md5({0})")
register("sha256", "bytea -> bytea", "unhex(sha256({0}))")

register("string_to_array", "text, text -> text[]", "texts__to_array({0}, {1}, NULL)")
register("string_to_array", "text, text, text -> text[]", "texts__to_array({0}, {1}, {2})")

register("||", "text, text -> text", "({0} || {1})")
register("||", "bytea, bytea -> bytea", "({0} || {1})")
for _symbol, _order in (("~<~", "<"), ("~>~", ">"), ("~<=~", "<="), ("~>=~", ">=")):
    register(_symbol, "text, text -> bool", f"({{0}} {_order} {{1}})")


@special("substr")
def _substr(arguments: Sequence[Expression]) -> Expression:
    return by_places("substr", arguments)


def by_places(name: str, arguments: Sequence[Expression]) -> Expression:
    """substring by places: by the engine where they are known and inside of the text."""
    made = plain_call(name, arguments)
    if not isinstance(made, Call) or made.kind != TEXT:
        return made
    places = [a.value if isinstance(a, Constant) else None for a in made.arguments[1:]]
    if all(isinstance(k, int) and k >= 0 for k in places) and places[0] != 0:
        inside = ", ".join(f"{{{k}}}" for k in range(len(made.arguments)))
        return made._replace(template=f"substring({inside})")
    return made


@special("||")
def _joined(arguments: Sequence[Expression]) -> Expression:
    """|| of arrays, jsonb and bytea; else of texts, of which one side may be anything."""
    left, right = (present(argument) for argument in arguments)
    plain = ("bytea", "jsonb", "vector", "halfvec")
    if left.kind.element is not None or right.kind.element is not None:
        return plain_call("||", (_beside(left, right.kind), _beside(right, left.kind)))
    if any(side.kind.name in plain for side in (left, right)):
        texts = [s for s in (left, right) if s.kind.name in TEXTS]
        if not texts:
            return plain_call("||", (left, right))
    if not any(side.kind.name in TEXTS or side.kind.name == "unknown" for side in (left, right)):
        return plain_call("||", (left, right))
    made = [as_text(side) for side in (left, right)]
    return Call("||", "({0} || {1})", tuple(made), TEXT)


def _beside(expression: Expression, other: Kind) -> Expression:
    """A list of texts, or of nothing, as the array that the other side is; as texts if that is such
    a list as well.
    """
    if not is_list(expression) or expression.kind.element != UNKNOWN or other.element is None:
        return expression
    return cast(expression, array_of(TEXT) if other.element == UNKNOWN else other)


def as_text(expression: Expression) -> Expression:
    """Any value as text, as || and concat take it."""
    if expression.kind.name == "unknown":
        return coerce(expression, TEXT)
    return expression if expression.kind == TEXT else cast(expression, TEXT)


def as_output(expression: Expression) -> Expression:
    """Any value as its type prints it, as concat and format take it: 't' for true."""
    if expression.kind.name == "bool":
        return Call("cast", "CASE WHEN {0} THEN 't' WHEN NOT {0} THEN 'f' END", (expression,), TEXT)
    if expression.kind.name == "bpchar":
        return Call("cast", "{0}", (expression,), TEXT)
    return as_text(expression)


def _quoting(name: str, template: str) -> None:
    register(name, "any -> text", "")

    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        plain_call(name, arguments)
        return bound(name, template, (as_text(present(arguments[0])),), TEXT)


_quoting("quote_literal", "texts__quote_literal({0})")
_quoting("quote_nullable", "COALESCE(texts__quote_literal({0}), 'NULL')")


@special("concat")
def _concat(arguments: Sequence[Expression]) -> Expression:
    if not arguments:
        return plain_call("concat", arguments)
    made = [as_output(present(argument)) for argument in arguments]
    parts = " || ".join(f"COALESCE({{{k}}}, '')" for k in range(len(made)))
    return Call("concat", f"({parts})", tuple(made), TEXT)


register("concat", "text... -> text", "''")


@special("concat_ws")
def _concat_ws(arguments: Sequence[Expression]) -> Expression:
    if len(arguments) < 2:
        return plain_call("concat_ws", arguments)
    if arguments[0].kind.name not in ("unknown", *TEXTS):
        raise unknown("concat_ws", arguments)
    made = [coerce(arguments[0], TEXT), *(as_output(present(a)) for a in arguments[1:])]
    rest = ", ".join(f"{{{k}}}" for k in range(1, len(made)))
    return Call("concat_ws", f"texts__from_array([{rest}], {{0}}, NULL)", tuple(made), TEXT)


register("concat_ws", "text, text, text... -> text", "''")


@special("format")
def _format(arguments: Sequence[Expression]) -> Expression:
    if not arguments:
        return plain_call("format", arguments)
    if arguments[0].kind.name not in ("unknown", *TEXTS):
        raise unknown("format", arguments)
    made = [coerce(arguments[0], TEXT), *(as_output(present(a)) for a in arguments[1:])]
    rest = ", ".join(f"{{{k}}}" for k in range(1, len(made)))
    return Call("format", f"texts__format({{0}}, CAST([{rest}] AS VARCHAR[]))", tuple(made), TEXT)


register("format", "text, text... -> text", "''")


@special("array_to_string")
def _array_to_string(arguments: Sequence[Expression]) -> Expression:
    if not all(a.kind.name in TEXTS or a.kind.name == "unknown" for a in arguments[1:]):
        raise unknown("array_to_string", arguments)
    if len(arguments) in (2, 3) and arguments[0].kind.name == "unknown":
        raise no_type()
    if len(arguments) not in (2, 3) or arguments[0].kind.element is None:
        return plain_call("array_to_string", arguments)
    array = present(arguments[0])
    element = array.kind.element
    assert element is not None
    items = as_output(Call("element", "e", (), element))
    if isinstance(items, Call) and items.template != "e":
        inside = items.template.replace("{0}", "e")
        array = bound(
            "array", f"list_transform({{0}}, lambda e: {inside})", (array,), array_of(TEXT)
        )
    by = coerce(arguments[1], TEXT)
    null = coerce(arguments[2], TEXT) if len(arguments) > 2 else Constant(None, TEXT)
    return Call("array_to_string", "texts__from_array({0}, {1}, {2})", (array, by, null), TEXT)


register("array_to_string", "text[], text -> text", "texts__from_array({0}, {1}, NULL)")
register("array_to_string", "text[], text, text -> text", "texts__from_array({0}, {1}, {2})")


register(
    "convert_to",
    "text, text -> bytea",
    "CASE WHEN lower({1}) IN ('utf8', 'utf-8') THEN encode({0}) ELSE "
    "error('[0A000] only UTF8 is supported') END",
)
