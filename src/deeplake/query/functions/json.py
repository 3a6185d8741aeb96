"""jsonb and json: operators, constructors, functions of one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import coerce, present, settled
from deeplake.query.expression import Call, Expression
from deeplake.query.functions.registry import bound, plain_call, register, special
from deeplake.query.functions.text import as_output
from deeplake.query.kinds import (
    INTEGERS,
    JSON,
    JSONB,
    TEXT,
    TEXTS,
    Kind,
    is_varying,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = "CAST({0} AS VARCHAR)"


def _json(call: str) -> str:
    return f"CAST({call} AS JSON)"


for _kind, _family, _item in (("jsonb", "json", "itemb"), ("json", "verbatim", "item")):
    register("->", f"{_kind}, text -> {_kind}", _json(f"{_family}__field({_TEXT}, {{1}})"))
    register("->", f"{_kind}, int4 -> {_kind}", _json(f"{_family}__{_item}({_TEXT}, {{1}})"))
    register("->>", f"{_kind}, text -> text", f"{_family}__field_text({_TEXT}, {{1}})")
    register("->>", f"{_kind}, int4 -> text", f"{_family}__{_item}_text({_TEXT}, {{1}})")
    register("#>", f"{_kind}, text[] -> {_kind}", _json(f"{_family}__at({_TEXT}, {{1}})"))
    register("#>>", f"{_kind}, text[] -> text", f"{_family}__text_at({_TEXT}, {{1}})")
    register(f"{_kind}_typeof", f"{_kind} -> text", f"json__typeof({_TEXT})")
    register(f"{_kind}_array_length", f"{_kind} -> int4", f"json__array_length({_TEXT})")
    register(f"{_kind}_strip_nulls", f"{_kind} -> {_kind}", _json(f"{_family}__stripped({_TEXT})"))
_OTHER = "CAST({1} AS VARCHAR)"
register("@>", "jsonb, jsonb -> bool", f"json__contains({_TEXT}, {_OTHER})")
register("<@", "jsonb, jsonb -> bool", f"json__contains({_OTHER}, {_TEXT})")
register("?", "jsonb, text -> bool", f"json__has({_TEXT}, {{1}})")
register("?|", "jsonb, text[] -> bool", f"json__has_any({_TEXT}, {{1}})")
register("?&", "jsonb, text[] -> bool", f"json__has_all({_TEXT}, {{1}})")
register("||", "jsonb, jsonb -> jsonb", _json(f"json__joined({_TEXT}, {_OTHER})"))
register("-", "jsonb, text -> jsonb", _json(f"json__without({_TEXT}, {{1}})"))
register("-", "jsonb, text[] -> jsonb", _json(f"json__without_all({_TEXT}, {{1}})"))
register("-", "jsonb, int4 -> jsonb", _json(f"json__without_item({_TEXT}, {{1}})"))
register("#-", "jsonb, text[] -> jsonb", _json(f"json__without_path({_TEXT}, {{1}})"))
_VALUE = "CAST({2} AS VARCHAR)"
for _name, _function, _default in (("set", "set", "true"), ("insert", "insert", "false")):
    register(
        f"jsonb_{_name}",
        "jsonb, text[], jsonb -> jsonb",
        _json(f"json__{_function}({_TEXT}, {{1}}, {_VALUE}, {_default})"),
    )
    register(
        f"jsonb_{_name}",
        "jsonb, text[], jsonb, bool -> jsonb",
        _json(f"json__{_function}({_TEXT}, {{1}}, {_VALUE}, {{3}})"),
    )
register("jsonb_pretty", "jsonb -> text", f"json__pretty({_TEXT})")
register("jsonb_object", "text[] -> jsonb", _json("json__object_of({0})"))
register("jsonb_object", "text[], text[] -> jsonb", _json("json__object({0}, {1})"))

# --- values into JSON -------------------------------------------------------------------------


def as_json_text(expression: Expression, kind: Kind) -> Expression:
    """The JSON text of any value, NULL for NULL, as a part of a json or a jsonb.

    Raises:
        UnsupportedQueryError: of a kind whose JSON we do not write.
    """
    given = settled(present(expression)).kind
    expression = settled(expression)
    if given.name == "unknown":
        expression, given = coerce(expression, TEXT), TEXT
    template = _json_of(given, kind)
    if template is None:
        raise UnsupportedQueryError(f"{given.plain} as JSON is not supported.")
    return bound("to_json", template, (expression,), TEXT)


def _json_of(given: Kind, kind: Kind) -> str | None:
    if given.element is not None:
        inside = _json_of(given.element, kind)
        if inside is None:
            return None
        items = f"list_transform({{0}}, lambda j: {inside.replace('{0}', 'j')})"
        return f"json__of_{'list' if kind == JSON else 'array'}({items})"
    if given.name == "jsonb" or (given.name == "json" and kind == JSONB):
        return "json__text(CAST({0} AS VARCHAR))"
    if given.name == "json":
        return _TEXT
    if given.name in INTEGERS or (given.name == "numeric" and not is_varying(given)):
        return _TEXT
    if given.name == "bool":
        return "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END"
    if given.name in ("float4", "float8"):
        call = "numbers__text8({0})" if given.name == "float8" else "numbers__text4({0})"
        return f"CASE WHEN isfinite({{0}}) THEN json__text({call}) ELSE json__of_text({call}) END"
    if given.name == "numeric":
        return None
    if given.name in ("timestamp", "timestamptz"):
        return "json__of_text(moments__iso_" + given.name + "({0}))"
    template = _text_template(given)
    return None if template is None else f"json__of_text({template})"


def _text_template(given: Kind) -> str | None:
    from deeplake.query.casting import spelling

    return "{0}" if given.name in TEXTS else spelling(given, TEXT)


@special("to_jsonb")
def _to_jsonb(arguments: Sequence[Expression]) -> Expression:
    return _to_json("to_jsonb", arguments, JSONB)


@special("to_json")
def _to_json_(arguments: Sequence[Expression]) -> Expression:
    return _to_json("to_json", arguments, JSON)


register("to_jsonb", "text -> jsonb", "")
register("to_json", "text -> json", "")


def _to_json(name: str, arguments: Sequence[Expression], kind: Kind) -> Expression:
    if len(arguments) != 1:
        return plain_call(name, arguments)
    if arguments[0].kind.name == "unknown":
        raise QueryError(
            "could not determine polymorphic type because input has type unknown.",
            sqlstate="42804",
        )
    return Call(name, "CAST({0} AS JSON)", (as_json_text(arguments[0], kind),), kind)


def _listed(parts: Sequence[Expression], start: int, step: int) -> str:
    return "[" + ", ".join(f"{{{k}}}" for k in range(start, len(parts), step)) + "]"


def _build_object(name: str, kind: Kind, function: str) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        if len(arguments) % 2:
            raise QueryError("argument list must have even number of elements.", sqlstate="22023")
        made = []
        for key, value in zip(arguments[::2], arguments[1::2], strict=True):
            made += [as_output(present(key)), as_json_text(value, kind)]
        pairs = (
            f"CAST({_listed(made, 0, 2)} AS VARCHAR[]), CAST({_listed(made, 1, 2)} AS VARCHAR[])"
        )
        return Call(name, f"CAST(json__{function}({pairs}) AS JSON)", tuple(made), kind)


def _build_array(name: str, kind: Kind) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        made = tuple(as_json_text(argument, kind) for argument in arguments)
        inside = f"json__of_array(CAST({_listed(made, 0, 1)} AS VARCHAR[]))"
        return Call(name, f"CAST({inside} AS JSON)", made, kind)


_build_object("jsonb_build_object", JSONB, "of_pairs")
_build_object("json_build_object", JSON, "of_pairs_text")
_build_array("jsonb_build_array", JSONB)
_build_array("json_build_array", JSON)
