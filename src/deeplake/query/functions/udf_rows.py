"""Rows of jsonb and json values: members and elements as lists."""

from __future__ import annotations

from typing import Any

from deeplake.query.functions.udf import Family, failure
from deeplake.query.json_text import as_text, dump, keys, load

FAMILY = Family()


def _object(text: str, function: str) -> dict[str, Any]:
    found = load(text)
    if not isinstance(found, dict):
        raise failure("22023", f"cannot call {function} on a non-object")
    return found


def _array(text: str) -> list[Any]:
    found = load(text)
    if not isinstance(found, list):
        what = "an object" if isinstance(found, dict) else "a scalar"
        raise failure("22023", f"cannot extract elements from {what}")
    return found


@FAMILY.rows("keys", "VARCHAR, VARCHAR -> VARCHAR[]")
def member_keys(text: str, function: str) -> list[str]:
    """Keys of an object, in the order of jsonb."""
    return keys(_object(text, function))


@FAMILY.rows("members", "VARCHAR, VARCHAR -> VARCHAR[]")
def members(text: str, function: str) -> list[str]:
    """Values of an object as JSON."""
    found = _object(text, function)
    return [dump(found[key]) for key in keys(found)]


@FAMILY.rows("member_texts", "VARCHAR, VARCHAR -> VARCHAR[]")
def member_texts(text: str, function: str) -> list[str | None]:
    """Values of an object as texts."""
    found = _object(text, function)
    return [as_text(found[key]) for key in keys(found)]


@FAMILY.rows("elements", "VARCHAR -> VARCHAR[]")
def elements(text: str) -> list[str]:
    """Elements of an array as JSON."""
    return [dump(value) for value in _array(text)]


@FAMILY.rows("element_texts", "VARCHAR -> VARCHAR[]")
def element_texts(text: str) -> list[str | None]:
    """Elements of an array as texts."""
    return [as_text(value) for value in _array(text)]
