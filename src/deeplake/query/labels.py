"""Class labels in SQL: integers whose texts are names, as those of an enum of Postgres."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deeplake.errors import QueryError, did_you_mean
from deeplake.query.expression import Call
from deeplake.query.kinds import TEXT, array_of

if TYPE_CHECKING:
    from deeplake.query.expression import Expression
    from deeplake.query.kinds import Kind, Labels

NAME = "class_label"
"""What the call is that reads a text as a code."""

_CODE = re.compile(r"\s*[+-]?\d{1,9}\s*", re.ASCII)


def code_of(text: str, labels: Labels) -> int:
    """The code of a name, or of a text that is a code itself.

    Raises:
        QueryError: 22P02, it is neither.

    >>> from deeplake.query.kinds import Labels
    >>> code_of("dog", Labels(("cat", "dog"))), code_of("0", Labels(("cat", "dog")))
    (1, 0)
    """
    found = labels.codes.get(text)
    if found is not None:
        return found
    if _CODE.fullmatch(text):
        return int(text)
    raise QueryError(
        f"{text[:60]!r} is none of the {len(labels.names)} names of the class label.",
        hint=did_you_mean(text, labels.names),
        sqlstate="22P02",
    )


_READ = (
    "COALESCE(CAST(list_position([{names}], {0}) - 1 AS INTEGER), CASE WHEN {0} IS NULL OR "
    r"regexp_full_match({0}, '\s*[+-]?\d{{1,9}}\s*') THEN CAST(trim({0}) AS INTEGER) ELSE "
    "error('[22P02] ''' || {0} || ''' is none of the {count} names of the class label') END)"
)


def reading(labels: Labels) -> str:
    """The template that reads a text as a code."""
    return _READ.replace("{names}", _quoted(labels)).replace("{count}", str(len(labels.names)))


def read(text: Expression, kind: Kind) -> Expression:
    """The code of a text that comes with the run; `value_of` finds it without the engine."""
    assert kind.labels is not None
    return Call(NAME, reading(kind.labels), (text,), kind)


def shown(code: Expression, labels: Labels) -> Expression:
    """The name of a code; a code without a name as it is."""
    template = f"COALESCE([{_quoted(labels)}][{{0}} + 1], CAST({{0}} AS VARCHAR))"
    return Call("name", template, (code,), TEXT)


def read_all(texts: Expression, element: Kind) -> Expression:
    """An array of texts as one of codes."""
    assert element.labels is not None
    inside = re.sub(r"(?<!\{)\{0\}", "e", reading(element.labels))
    template = f"list_transform({{0}}, lambda e: {inside})"
    return Call("cast", template, (texts,), array_of(element))


def _quoted(labels: Labels) -> str:
    """The names, for a template."""
    quoted = ("'" + name.replace("'", "''") + "'" for name in labels.names)
    return ", ".join(quoted).replace("{", "{{").replace("}", "}}")
