"""Text -> syntax tree, with the grammar of Postgres. The only module that imports postgast.

Nodes are protobuf messages of libpg_query: `kind_of_node` and `inner` open the union that every
position of the tree is. Positions in the tree count bytes; errors count characters.
"""

from __future__ import annotations

import re
from _thread import RLock
from typing import Any

from deeplake.errors import QuerySyntaxError, UnsupportedQueryError
from deeplake.loading import in_forked_child, load
from deeplake.sql.depth import refuse_deep

STATEMENT_CHARS_MAX = 16 << 20
"""Longer texts are refused: values belong into parameters."""


NAME_BYTES_MAX = 63
"""The grammar cuts longer names off, and the rest may name another table, column or branch."""

_LONG_NAME = re.compile(r'"[^"]*+(?:""[^"]*+)*+"|[\w$]{16,}+')
"""What may be such a name; a character has up to four bytes. Possessive: a text of 18 MB in quotes
took 1 GB otherwise."""


def parse(text: str) -> Any:
    """The one statement of a text: the message inside its node, and the name of its kind.

    Returns:
        (kind, message): ("select_stmt", ...).

    Raises:
        QuerySyntaxError: with the position of the culprit; 54000, 54001: it is too long or deep.
        UnsupportedQueryError: several statements in one text.
    """
    load("postgast")
    import postgast

    if len(text) > STATEMENT_CHARS_MAX:
        raise QuerySyntaxError(
            f"the statement has {len(text):,} characters, over the limit of "
            f"{STATEMENT_CHARS_MAX:,}.",
            hint="Pass values as parameters.",
            sqlstate="54000",
        )
    if "\0" in text:
        raise QuerySyntaxError("the statement holds a NUL character.", sqlstate="22021")
    refuse_deep(text)
    try:
        _refuse_long_names(text)
        tree = _tree(text)
    except postgast.PgQueryError as error:
        position = error.cursorpos or None
        raise QuerySyntaxError(
            f"{error.message}{'' if position is None else f', at character {position}'}.",
            hint=_way_out(text, position),
            position=position,
            sqlstate="42P20" if error.message.startswith("frame ") else "",
        ) from error
    except UnicodeEncodeError as error:
        raise QuerySyntaxError("the statement is not valid Unicode.", sqlstate="22021") from error
    if not tree.stmts:
        raise QuerySyntaxError("the statement is empty.", sqlstate="42601")
    if len(tree.stmts) > 1:
        raise UnsupportedQueryError(
            f"the text holds {len(tree.stmts)} statements.",
            hint="Execute them one by one.",
            sqlstate="42601",
        )
    return inner(tree.stmts[0].stmt)


def _refuse_long_names(text: str) -> None:
    """Refuse names that the grammar would cut: `"t@a-long-branch"` would be read at another one.

    Raises:
        QuerySyntaxError: 42622.
    """
    if not any(len(found[0].encode()) > NAME_BYTES_MAX for found in _LONG_NAME.finditer(text)):
        return
    import postgast

    stored = text.encode()
    for token in postgast.scan(text).tokens:
        name = stored[token.start : token.end]
        if name.startswith(b'"'):
            name = name[1:-1].replace(b'""', b'"')
        if token.token in _NAME_TOKENS and len(name) > NAME_BYTES_MAX:
            position = character(text, token.start)
            raise QuerySyntaxError(
                f"the name {name[:40].decode(errors='ignore')!r}... at character {position} has "
                f"{len(name)} bytes, and names in SQL have {NAME_BYTES_MAX} at most.",
                hint="at('table', 'ref') takes a ref of any length; rename what has a longer name.",
                position=position,
                sqlstate="42622",
            )


_NAME_TOKENS = (258, 259)
"""IDENT and UIDENT, as the scanner numbers them."""


def _way_out(text: str, position: int | None) -> str:
    """What whoever is used to other drivers meant at the place of a syntax error."""
    before, rest = text[: (position or 1) - 1], text[(position or 1) - 1 :]
    if rest.startswith("$") and before.rstrip().lower().endswith(" in"):
        return "= ANY(%s) takes a list of any length."
    if rest.startswith(":") and rest[1:2].isidentifier():
        return "Give the values of :names in a mapping."
    return ""


_deeper = RLock()


@in_forked_child
def _after_fork_in_child() -> None:
    global _deeper
    _deeper = RLock()


def _tree(text: str) -> Any:
    """The tree of a text. A chain of 45 operators is deeper than protobuf decodes at first.

    Its limit is the process's: it is lifted for as long as such a text is parsed. It was there, or
    the first attempt would not have failed.
    """
    import postgast

    try:
        return postgast.parse(text)
    except _module("google.protobuf.message").DecodeError:
        allow = _module("google._upb._message").SetAllowOversizeProtos
        with _deeper:
            allow(True)
            try:
                return postgast.parse(text)
            finally:
                allow(False)


def _module(name: str) -> Any:
    from importlib import import_module

    return import_module(name)


def nodes() -> Any:
    """The messages of libpg_query, to build trees of."""
    return _module("postgast.pg_query_pb2")


def deparsed(node: Any) -> str:
    """An expression's node as text."""
    import postgast

    tree = nodes().ParseResult()
    made = tree.stmts.add().stmt.select_stmt
    made.op, made.limit_option = "SETOP_NONE", "LIMIT_OPTION_DEFAULT"
    made.target_list.add().res_target.val.CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")


def deparsed_query(query: Any) -> str:
    """A SelectStmt as text."""
    import postgast

    tree = nodes().ParseResult()
    tree.stmts.add().stmt.select_stmt.CopyFrom(query)
    return str(postgast.deparse(tree))


def kind_of_node(node: Any) -> str:
    """The kind of a node, '' where there is none: a third of what `inner` takes."""
    return node.WhichOneof("node") or ""


def inner(node: Any) -> tuple[str, Any]:
    """(kind, message) of a node; ("", None) where there is none."""
    kind = node.WhichOneof("node")
    return ("", None) if kind is None else (kind, getattr(node, kind))


def enum_name(message: Any, field: str) -> str:
    """The name of an enum's value, as libpg_query spells it."""
    names = _enums.get((type(message), field))
    if names is None:
        described = message.DESCRIPTOR.fields_by_name[field].enum_type
        names = {number: value.name for number, value in described.values_by_number.items()}
        _enums[type(message), field] = names
    return names[getattr(message, field)]


_enums: dict[tuple[type, str], dict[int, str]] = {}
"""(message, field) -> the names of its values; the grammar has a few hundred."""


def names(nodes: Any) -> list[str]:
    """The strings of a qualified name."""
    return [node.string.sval for node in nodes]


def character(text: str, location: int) -> int | None:
    """The character, counted from 1, at a byte of the tree's text."""
    if location < 0:
        return None
    return len(text.encode()[:location].decode("utf-8", "ignore")) + 1


def leftmost(node: Any) -> int:
    """The byte where the text of an expression begins; -1 if it is not known."""
    kind, value = inner(node)
    if value is None:
        return -1
    found = getattr(value, "location", -1)
    if kind == "a_expr" and value.HasField("lexpr"):
        inside = [value.lexpr]
    elif kind == "bool_expr":
        inside = list(value.args[:1])
    elif kind in ("type_cast", "null_test", "boolean_test", "collate_clause", "a_indirection"):
        inside = [value.arg]
    elif kind == "sub_link" and value.HasField("testexpr"):
        inside = [value.testexpr]
    else:
        return found
    first = leftmost(inside[0]) if inside else -1
    return min(p for p in (found, first) if p >= 0) if max(found, first) >= 0 else -1
