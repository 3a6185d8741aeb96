"""jsonb and json: what depends on numbers as numeric, on the order of keys, or on the type."""

from __future__ import annotations

import struct
from decimal import Context, Decimal
from typing import Any

from deeplake.query import json_text
from deeplake.query.functions.udf import Family, failure
from deeplake.query.json_text import Number, as_text, dump, load, order_key, same, type_of

FAMILY = Family()
FAMILY.rows("text", "VARCHAR -> VARCHAR")(json_text.canonical)
FAMILY.rows("typeof", "VARCHAR -> VARCHAR")(lambda text: type_of(load(text)))


@FAMILY.rows("checked", "VARCHAR -> VARCHAR")
def checked(text: str) -> str:
    """A text that is JSON, as it is."""
    load(text)
    return text


@FAMILY.rows("key", "VARCHAR -> BLOB")
def key(text: str) -> bytes:
    """Bytes that are equal and in order as the values are."""
    return b"".join(_packed(order_key(load(text))))


def _packed(found: Any) -> Any:
    """Parts of a key: ranks and counts, texts ended by two zeros, numbers by their decimal form."""
    if isinstance(found, tuple):
        for part in found:
            yield from _packed(part)
    elif isinstance(found, bool):
        yield b"\1" if found else b"\0"
    elif isinstance(found, int):
        yield struct.pack(">q", found + (1 << 62))
    elif isinstance(found, bytes):
        yield found.replace(b"\0", b"\0\1") + b"\0\0"
    else:
        yield _packed_number(found)


def _packed_number(value: Decimal) -> bytes:
    """Sign, exponent, digits; complemented where negative."""
    if not value:
        return b"\1"
    sign, digits, _ = value.normalize(_EXACT).as_tuple()
    made = struct.pack(">q", value.adjusted() + (1 << 62)) + bytes(d + 1 for d in digits) + b"\0"
    return b"\0" + bytes(255 - b for b in made) if sign else b"\2" + made


_EXACT = Context(prec=200_000, Emax=999_999, Emin=-999_999)


def _inside(found: Any, path: list[str]) -> tuple[bool, Any]:
    """(whether it is there, the value) at a path of keys and positions."""
    for step in path:
        if isinstance(found, dict):
            if step not in found:
                return False, None
            found = found[step]
        elif isinstance(found, list):
            at = _position(step)
            if at is None or not -len(found) <= at < len(found):
                return False, None
            found = found[at]
        else:
            return False, None
    return True, found


def _position(step: str) -> int | None:
    word = step.strip()
    try:
        return int(word) if "_" not in word else None
    except ValueError:
        return None


@FAMILY.rows("at", "VARCHAR, VARCHAR[] -> VARCHAR")
def at(text: str, path: list[str | None]) -> str | None:
    """#>"""
    if None in path:
        return None
    there, found = _inside(load(text), path)  # type: ignore[arg-type]
    return dump(found) if there else None


@FAMILY.rows("text_at", "VARCHAR, VARCHAR[] -> VARCHAR")
def text_at(text: str, path: list[str | None]) -> str | None:
    """#>>"""
    if None in path:
        return None
    there, found = _inside(load(text), path)  # type: ignore[arg-type]
    return as_text(found) if there else None


def _field(found: Any, name: str) -> tuple[bool, Any]:
    there = isinstance(found, dict) and name in found
    return there, found[name] if there else None


def _item(found: Any, number: int) -> tuple[bool, Any]:
    there = isinstance(found, list) and -len(found) <= number < len(found)
    return there, found[number] if there else None


@FAMILY.rows("field", "VARCHAR, VARCHAR -> VARCHAR")
def field(text: str, name: str) -> str | None:
    """-> of a key."""
    there, found = _field(load(text), name)
    return dump(found) if there else None


@FAMILY.rows("field_text", "VARCHAR, VARCHAR -> VARCHAR")
def field_text(text: str, name: str) -> str | None:
    """->> of a key."""
    return as_text(_field(load(text), name)[1])


@FAMILY.rows("item", "VARCHAR, INTEGER -> VARCHAR")
def item(text: str, number: int) -> str | None:
    """-> of a position."""
    there, found = _item(load(text), number)
    return dump(found) if there else None


@FAMILY.rows("item_text", "VARCHAR, INTEGER -> VARCHAR")
def item_text(text: str, number: int) -> str | None:
    """->> of a position."""
    return as_text(_item(load(text), number)[1])


def _listed(found: Any) -> Any:
    """A plain jsonb value at the top is kept as an array of it, and shows as one here."""
    return found if isinstance(found, dict | list) else [found]


@FAMILY.rows("itemb", "VARCHAR, INTEGER -> VARCHAR")
def itemb(text: str, number: int) -> str | None:
    """-> of a position, of jsonb."""
    there, found = _item(_listed(load(text)), number)
    return dump(found) if there else None


@FAMILY.rows("itemb_text", "VARCHAR, INTEGER -> VARCHAR")
def itemb_text(text: str, number: int) -> str | None:
    """->> of a position, of jsonb."""
    return as_text(_item(_listed(load(text)), number)[1])


@FAMILY.rows("contains", "VARCHAR, VARCHAR -> BOOLEAN")
def contains(one: str, other: str) -> bool:
    """@>"""
    a, b = load(one), load(other)
    if isinstance(a, list) and not isinstance(b, list | dict):
        return any(not isinstance(x, list | dict) and same(x, b) for x in a)
    return _contains(a, b)


def _contains(a: Any, b: Any) -> bool:
    if isinstance(b, dict):
        return isinstance(a, dict) and all(k in a and _contains(a[k], v) for k, v in b.items())
    if isinstance(b, list):
        return isinstance(a, list) and all(any(_contains(x, y) for x in a) for y in b)
    return not isinstance(a, list | dict) and same(a, b)


def _has(found: Any, name: str) -> bool:
    if isinstance(found, dict):
        return name in found
    if isinstance(found, list):
        return any(isinstance(x, str) and not isinstance(x, Number) and x == name for x in found)
    return isinstance(found, str) and not isinstance(found, Number) and found == name


@FAMILY.rows("has", "VARCHAR, VARCHAR -> BOOLEAN")
def has(text: str, name: str) -> bool:
    """?"""
    return _has(load(text), name)


@FAMILY.rows("has_any", "VARCHAR, VARCHAR[] -> BOOLEAN")
def has_any(text: str, names: list[str | None]) -> bool:
    """?|"""
    found = load(text)
    return any(name is not None and _has(found, name) for name in names)


@FAMILY.rows("has_all", "VARCHAR, VARCHAR[] -> BOOLEAN")
def has_all(text: str, names: list[str | None]) -> bool:
    """?&"""
    found = load(text)
    return all(name is None or _has(found, name) for name in names)


@FAMILY.rows("joined", "VARCHAR, VARCHAR -> VARCHAR")
def joined(one: str, other: str) -> str:
    """||"""
    a, b = load(one), load(other)
    if isinstance(a, dict) and isinstance(b, dict):
        return dump({**a, **b})
    return dump((a if isinstance(a, list) else [a]) + (b if isinstance(b, list) else [b]))


def _scalar(found: Any) -> bool:
    return not isinstance(found, list | dict)


@FAMILY.rows("without", "VARCHAR, VARCHAR -> VARCHAR")
def without(text: str, name: str) -> str:
    """- of a key"""
    found = load(text)
    if _scalar(found):
        raise failure("22023", "cannot delete from scalar")
    return dump(_without(found, {name}))


def _without(found: Any, names: set[str]) -> Any:
    if isinstance(found, dict):
        return {k: v for k, v in found.items() if k not in names}
    return [
        x for x in found if not (isinstance(x, str) and not isinstance(x, Number) and x in names)
    ]


@FAMILY.rows("without_all", "VARCHAR, VARCHAR[] -> VARCHAR")
def without_all(text: str, names: list[str | None]) -> str:
    """- of keys"""
    found = load(text)
    if _scalar(found):
        raise failure("22023", "cannot delete from scalar")
    return dump(_without(found, {name for name in names if name is not None}))


@FAMILY.rows("without_item", "VARCHAR, INTEGER -> VARCHAR")
def without_item(text: str, number: int) -> str:
    """- of a position"""
    found = load(text)
    if isinstance(found, dict):
        raise failure("22023", "cannot delete from object using integer index")
    if _scalar(found):
        raise failure("22023", "cannot delete from scalar")
    if -len(found) <= number < len(found):
        del found[number]
    return dump(found)


def _steps(path: list[str | None]) -> list[str]:
    for number, step in enumerate(path):
        if step is None:
            raise failure("22004", f"path element at position {number + 1} is null")
    return path  # type: ignore[return-value]


@FAMILY.rows("without_path", "VARCHAR, VARCHAR[] -> VARCHAR")
def without_path(text: str, path: list[str | None]) -> str:
    """#-"""
    found = load(text)
    if _scalar(found):
        raise failure("22023", "cannot delete path in scalar")
    steps = _steps(path)
    if steps:
        there, inner = _walked(found, steps)
        if there:
            if isinstance(inner, dict):
                inner.pop(steps[-1], None)
            else:
                number = _number_at(steps, len(steps) - 1)
                if -len(inner) <= number < len(inner):
                    del inner[number]
    return dump(found)


def _walked(found: Any, steps: list[str]) -> tuple[bool, Any]:
    """The container that the last step is in."""
    for k, step in enumerate(steps[:-1]):
        if isinstance(found, dict):
            if step not in found:
                return False, None
            found = found[step]
        elif isinstance(found, list):
            number = _number_at(steps, k)
            if not -len(found) <= number < len(found):
                return False, None
            found = found[number]
        else:
            return False, None
    return not _scalar(found), found


def _number_at(steps: list[str], k: int) -> int:
    number = _position(steps[k])
    if number is None:
        raise failure("22P02", f'path element at position {k + 1} is not an integer: "{steps[k]}"')
    return number


@FAMILY.rows("set", "VARCHAR, VARCHAR[], VARCHAR, BOOLEAN -> VARCHAR")
def set_(text: str, path: list[str | None], value: str, create: bool) -> str:
    """jsonb_set"""
    found = load(text)
    if _scalar(found):
        raise failure("22023", "cannot set path in scalar")
    steps = _steps(path)
    if not steps:
        return dump(found)
    there, inner = _walked(found, steps)
    if there and isinstance(inner, dict):
        if create or steps[-1] in inner:
            inner[steps[-1]] = load(value)
    elif there:
        number = _number_at(steps, len(steps) - 1)
        if -len(inner) <= number < len(inner):
            inner[number] = load(value)
        elif create:
            inner.insert(0 if number < 0 else len(inner), load(value))
    return dump(found)


@FAMILY.rows("insert", "VARCHAR, VARCHAR[], VARCHAR, BOOLEAN -> VARCHAR")
def insert(text: str, path: list[str | None], value: str, after: bool) -> str:
    """jsonb_insert"""
    found = load(text)
    if _scalar(found):
        raise failure("22023", "cannot set path in scalar")
    steps = _steps(path)
    if not steps:
        return dump(found)
    there, inner = _walked(found, steps)
    if there and isinstance(inner, dict):
        if steps[-1] in inner:
            raise failure("22023", "cannot replace existing key")
        inner[steps[-1]] = load(value)
    elif there:
        number = _number_at(steps, len(steps) - 1)
        if number < -len(inner):
            inner.insert(0, load(value))
        else:
            number = min(number, len(inner)) if number >= 0 else number + len(inner)
            inner.insert(number + (1 if after else 0), load(value))
    return dump(found)


@FAMILY.rows("stripped", "VARCHAR -> VARCHAR")
def stripped(text: str) -> str:
    """jsonb_strip_nulls"""

    def strip(found: Any) -> Any:
        if isinstance(found, dict):
            return {k: strip(v) for k, v in found.items() if v is not None}
        return [strip(x) for x in found] if isinstance(found, list) else found

    return dump(strip(load(text)))


@FAMILY.rows("pretty", "VARCHAR -> VARCHAR")
def pretty(text: str) -> str:
    """jsonb_pretty"""
    return _pretty(load(text), "")


def _pretty(found: Any, indent: str) -> str:
    inner = indent + "    "
    if isinstance(found, dict):
        lines = [
            f"{inner}{json_text.quoted(k)}: {_pretty(found[k], inner)}"
            for k in json_text.keys(found)
        ]
        return "\n".join(["{", *_comma_separated(lines), indent + "}"])
    if isinstance(found, list):
        lines = [inner + _pretty(x, inner) for x in found]
        return "\n".join(["[", *_comma_separated(lines), indent + "]"])
    return dump(found)


def _comma_separated(lines: list[str]) -> list[str]:
    return [line + "," for line in lines[:-1]] + lines[-1:]


@FAMILY.rows("array_length", "VARCHAR -> INTEGER")
def array_length(text: str) -> int:
    """jsonb_array_length"""
    found = load(text)
    if isinstance(found, list):
        return len(found)
    what = "a non-array" if isinstance(found, dict) else "a scalar"
    raise failure("22023", f"cannot get array length of {what}")


def _object(text: str, function: str) -> dict[str, Any]:
    found = load(text)
    if isinstance(found, dict):
        return found
    what = "an array" if isinstance(found, list) else "a scalar"
    raise failure("22023", f"cannot call {function} on {what}")


@FAMILY.rows("keys", "VARCHAR -> VARCHAR[]")
def keys(text: str) -> list[str]:
    """jsonb_object_keys"""
    return json_text.keys(_object(text, "jsonb_object_keys"))


@FAMILY.rows("values", "VARCHAR -> VARCHAR[]")
def values(text: str) -> list[str]:
    """The values of jsonb_each."""
    found = _object(text, "jsonb_each")
    return [dump(found[name]) for name in json_text.keys(found)]


@FAMILY.rows("value_texts", "VARCHAR -> VARCHAR[]")
def value_texts(text: str) -> list[str | None]:
    """The values of jsonb_each_text."""
    found = _object(text, "jsonb_each_text")
    return [as_text(found[name]) for name in json_text.keys(found)]


def _array(text: str) -> list[Any]:
    found = load(text)
    if isinstance(found, list):
        return found
    what = "an object" if isinstance(found, dict) else "a scalar"
    raise failure("22023", f"cannot extract elements from {what}")


@FAMILY.rows("elements", "VARCHAR -> VARCHAR[]")
def elements(text: str) -> list[str]:
    """jsonb_array_elements"""
    return [dump(x) for x in _array(text)]


@FAMILY.rows("element_texts", "VARCHAR -> VARCHAR[]")
def element_texts(text: str) -> list[str | None]:
    """jsonb_array_elements_text"""
    return [as_text(x) for x in _array(text)]


@FAMILY.rows("of_text", "VARCHAR -> VARCHAR")
def of_text(text: str) -> str:
    """A text as a JSON string."""
    return json_text.quoted(text)


@FAMILY.rows("of_array", "VARCHAR[] -> VARCHAR")
def of_array(items: list[str | None]) -> str:
    """Values as a JSON array."""
    return "[" + ", ".join("null" if x is None else x for x in items) + "]"


@FAMILY.rows("of_list", "VARCHAR[] -> VARCHAR")
def of_list(items: list[str | None]) -> str:
    """An array of SQL as json has it: without blanks."""
    return "[" + ",".join("null" if x is None else x for x in items) + "]"


@FAMILY.rows("of_lists", "VARCHAR[] -> VARCHAR")
def of_lists(items: list[str | None]) -> str:
    """json_agg of arrays: each after the first on a line of its own, but NULL."""
    first, *others = ("null" if x is None else x for x in items)
    return (
        f"[{first}" + "".join(f", {'' if x == 'null' else chr(10) + ' '}{x}" for x in others) + "]"
    )


@FAMILY.rows("of_pairs", "VARCHAR[], VARCHAR[] -> VARCHAR")
def of_pairs(names: list[str | None], items: list[str | None]) -> str:
    """Keys and values as a JSON object."""
    found = {}
    for name, value in zip(names, items, strict=True):
        if name is None:
            raise failure("22023", "argument: key must not be null")
        found[name] = None if value is None else load(value)
    return dump(found)


@FAMILY.rows("of_pairs_text", "VARCHAR[], VARCHAR[] -> VARCHAR")
def of_pairs_text(names: list[str | None], items: list[str | None]) -> str:
    """json_build_object: all pairs, in their order."""
    parts = []
    for name, value in zip(names, items, strict=True):
        if name is None:
            raise failure("22004", "argument: key must not be null")
        parts.append(f"{json_text.quoted(name)} : {'null' if value is None else value}")
    return "{" + ", ".join(parts) + "}"


@FAMILY.rows("of_all_pairs", "VARCHAR[], VARCHAR[] -> VARCHAR")
def of_all_pairs(names: list[str | None], items: list[str | None]) -> str:
    """json_object_agg: blanks within its braces, unlike json_build_object."""
    return f"{{ {of_pairs_text(names, items)[1:-1]} }}"


@FAMILY.rows("object", "VARCHAR[], VARCHAR[] -> VARCHAR")
def object_(names: list[str | None], items: list[str | None]) -> str:
    """jsonb_object"""
    if len(names) != len(items):
        raise failure("2202E", "mismatched array dimensions")
    if None in names:
        raise failure("22004", "null value not allowed for object key")
    return dump(dict(zip(names, items, strict=True)))


@FAMILY.rows("object_of", "VARCHAR[] -> VARCHAR")
def object_of(items: list[str | None]) -> str:
    """jsonb_object of keys and values in turn"""
    if len(items) % 2:
        raise failure("2202E", "array must have even number of elements")
    return object_(items[::2], items[1::2])


@FAMILY.rows("boolean", "VARCHAR -> BOOLEAN")
def boolean(text: str) -> bool:
    """jsonb::boolean"""
    found = load(text)
    if isinstance(found, bool):
        return found
    raise failure("22023", f"cannot cast jsonb {_kind_word(found)} to type boolean")


@FAMILY.rows("number", "VARCHAR, VARCHAR -> VARCHAR")
def number(text: str, kind: str) -> str:
    """jsonb::numeric and other numbers"""
    found = load(text)
    if isinstance(found, Number):
        return str.__str__(found)
    raise failure("22023", f"cannot cast jsonb {_kind_word(found)} to type {kind}")


def _kind_word(found: Any) -> str:
    word = type_of(found)
    return "numeric" if word == "number" else word
