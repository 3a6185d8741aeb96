"""json: the parts of a document as they are written, blanks, digits and repeated keys included."""

from __future__ import annotations

import json
import re
from json import JSONDecoder
from typing import Any

from deeplake.query.functions.udf import Family, failure
from deeplake.query.json_text import quoted

FAMILY = Family()

_DECODER = JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return at if match is None else match.end()


def members(text: str) -> list[tuple[str, str]] | None:
    """Keys of an object and the texts of their values, in their order; None if it is none.

    >>> members('{"b" : 1.50, "a":[1, 2] }')
    [('b', '1.50'), ('a', '[1, 2]')]
    """
    at = _skip(text, 0)
    if text[at] != "{":
        return None
    found = []
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        end = _DECODER.raw_decode(text, at)[1]
        found.append((name, text[at:end]))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def items(text: str) -> list[str] | None:
    """The texts of the items of an array; None if it is none.

    >>> items('[1e2, "a" ]')
    ['1e2', '"a"']
    """
    at = _skip(text, 0)
    if text[at] != "[":
        return None
    found = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        found.append(text[at:end])
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _bare(text: str | None) -> str | None:
    """What ->> gives: strings bare, null as NULL."""
    if text is None or text == "null":
        return None
    return str(json.loads(text)) if text.startswith('"') else text


@FAMILY.rows("field", "VARCHAR, VARCHAR -> VARCHAR")
def field(text: str, name: str) -> str | None:
    """-> of a key: the last of equal ones."""
    return next((value for key, value in reversed(members(text) or []) if key == name), None)


@FAMILY.rows("field_text", "VARCHAR, VARCHAR -> VARCHAR")
def field_text(text: str, name: str) -> str | None:
    """->> of a key."""
    return _bare(field(text, name))


@FAMILY.rows("item", "VARCHAR, INTEGER -> VARCHAR")
def item(text: str, number: int) -> str | None:
    """-> of a position."""
    found = items(text) or []
    return found[number] if -len(found) <= number < len(found) else None


@FAMILY.rows("item_text", "VARCHAR, INTEGER -> VARCHAR")
def item_text(text: str, number: int) -> str | None:
    """->> of a position."""
    return _bare(item(text, number))


@FAMILY.rows("at", "VARCHAR, VARCHAR[] -> VARCHAR")
def at(text: str, path: list[str | None]) -> str | None:
    """#>"""
    found: str | None = text.strip(" \t\n\r")
    for step in path:
        if found is None or step is None:
            return None
        if found.startswith("["):
            number = re.fullmatch(r"\s*([+-]?\d+)\s*", step, re.ASCII)
            found = item(found, int(number[1])) if number and len(number[1]) < 12 else None
        else:
            found = field(found, step) if found.startswith("{") else None
    return found


@FAMILY.rows("text_at", "VARCHAR, VARCHAR[] -> VARCHAR")
def text_at(text: str, path: list[str | None]) -> str | None:
    """#>>"""
    return _bare(at(text, path))


def _members(text: str, function: str) -> list[tuple[str, str]]:
    found = members(text)
    if found is None:
        raise failure("22023", f"cannot call {function} on a non-object")
    return found


@FAMILY.rows("keys", "VARCHAR, VARCHAR -> VARCHAR[]")
def keys(text: str, function: str) -> list[str]:
    """json_object_keys"""
    return [name for name, _ in _members(text, function)]


@FAMILY.rows("members", "VARCHAR, VARCHAR -> VARCHAR[]")
def values(text: str, function: str) -> list[str]:
    """The values of json_each."""
    return [value for _, value in _members(text, function)]


@FAMILY.rows("member_texts", "VARCHAR, VARCHAR -> VARCHAR[]")
def value_texts(text: str, function: str) -> list[str | None]:
    """The values of json_each_text."""
    return [_bare(value) for _, value in _members(text, function)]


def _items(text: str) -> list[str]:
    found = items(text)
    if found is None:
        what = "an object" if members(text) is not None else "a scalar"
        raise failure("22023", f"cannot extract elements from {what}")
    return found


@FAMILY.rows("elements", "VARCHAR -> VARCHAR[]")
def elements(text: str) -> list[str]:
    """json_array_elements"""
    return _items(text)


@FAMILY.rows("element_texts", "VARCHAR -> VARCHAR[]")
def element_texts(text: str) -> list[Any]:
    """json_array_elements_text"""
    return [_bare(value) for value in _items(text)]


@FAMILY.rows("stripped", "VARCHAR -> VARCHAR")
def stripped(text: str) -> str:
    """json_strip_nulls, which leaves out blanks as well."""
    found = members(text)
    if found is not None:
        parts = [(name, value) for name, value in found if value != "null"]
        return "{" + ",".join(f"{quoted(name)}:{stripped(value)}" for name, value in parts) + "}"
    listed = items(text)
    if text.lstrip().startswith('"'):
        return quoted(json.loads(text))
    return text.strip() if listed is None else "[" + ",".join(map(stripped, listed)) + "]"
