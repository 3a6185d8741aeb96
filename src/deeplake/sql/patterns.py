"""Patterns of LIKE … ESCAPE and SIMILAR TO, in the form that the engine takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.expression import Constant
from deeplake.query.kinds import TEXT

if TYPE_CHECKING:
    from deeplake.query.expression import Expression


def _constant(expression: Expression, what: str) -> str | None:
    """The text of a literal, None for NULL.

    Raises:
        UnsupportedQueryError: it is known with the rows only.
    """
    if not isinstance(expression, Constant):
        raise UnsupportedQueryError(f"{what} that is no constant is not supported.")
    return None if expression.value is None else str(expression.value)


def _escape(expression: Expression | None) -> str | None:
    """The escape character; '' for none; None for NULL."""
    if expression is None:
        return "\\"
    found = _constant(expression, "an ESCAPE character")
    if found is not None and len(found) > 1:
        raise QueryError(
            "invalid escape string.", hint="It must be empty or one character.", sqlstate="22025"
        )
    return found


def without_escape(pattern: Expression, escape: Expression) -> Expression:
    r"""A pattern of LIKE with the backslash as its escape character.

    >>> without_escape(Constant("a!%\\", TEXT), Constant("!", TEXT)).value
    'a\\%\\\\'
    """
    text, mark = _constant(pattern, "a pattern with ESCAPE"), _escape(escape)
    if text is None or mark is None:
        return Constant(None, TEXT)
    made, at = [], 0
    while at < len(text):
        char = text[at]
        if char == mark:
            at += 1
            if at == len(text):
                raise QueryError(
                    "LIKE pattern must not end with escape character.", sqlstate="22025"
                )
            made.append("\\" + text[at])
        else:
            made.append("\\\\" if char == "\\" else char)
        at += 1
    return Constant("".join(made), TEXT)


def similar(pattern: Expression, escape: Expression | None = None) -> Expression:
    r"""The regular expression of a pattern of SIMILAR TO.

    >>> similar(Constant("(a|b)%c.", TEXT)).value
    '(?:a|b).*c\\.'
    """
    text, mark = _constant(pattern, "a pattern of SIMILAR TO"), _escape(escape)
    if text is None or mark is None:
        return Constant(None, TEXT)
    made, at, bracket = [], 0, False
    while at < len(text):
        char = text[at]
        if char == mark:
            at += 1
            if at == len(text):
                raise QueryError("invalid escape sequence.", sqlstate="22025")
            made.append("\\" + text[at] if not text[at].isalnum() else text[at])
        elif bracket:
            bracket = char != "]"
            made.append("\\\\" if char == "\\" else char)
        elif char == "[":
            bracket = True
            made.append(char)
        else:
            made.append(_SIMILAR.get(char, char))
        at += 1
    return Constant("".join(made), TEXT)


_SIMILAR = {"%": ".*", "_": ".", "(": "(?:", ".": "\\.", "^": "\\^", "$": "\\$", "\\": "\\\\"}
