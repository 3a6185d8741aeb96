"""deeplake.expr: a value that is worked out of the row it goes to."""

from __future__ import annotations

from deeplake.errors import InputError


class Expr:
    """An expression of SQL over a row's columns; `expr` makes it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"deeplake.expr({self.text!r})"


def expr(text: str) -> Expr:
    """What a column becomes, worked out of its row, for `Dataset.update`.

    Raises:
        InputError: it is no text. What is wrong with it is told where it is used.

    >>> import deeplake
    >>> ds = deeplake.create("mem://expr-example", schema={"rating": "int"})
    >>> ds.append({"rating": 4})
    >>> ds.update({"rating": deeplake.expr("rating + 1")}, where="rating > 3")
    1
    >>> ds["rating"][0]
    5
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"an expression is text such as 'rating + 1', not {text!r}.")
    return Expr(text)
