"""Parameter styles: %s and %(name)s, :name, $1 -> $1, $2 …, before the text is parsed.

A small lexer that knows where Postgres' strings, identifiers and comments begin and end, so that
nothing inside of them is taken for a parameter. Values never enter the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Parameters = Sequence[Any] | Mapping[str, Any] | None

PARAMETERS_MAX = 65_535
"""As many as the wire protocol of Postgres can count."""

_TOKEN = re.compile(
    r"""
    (?P<skip>
        [eE]'(?:[^'\\]|\\.|'')*'            # a string with escapes
      | '(?:[^']|'')*'                      # a string
      | "(?:[^"]|"")*"                      # an identifier
      | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$   # a dollar-quoted string
      | --[^\n]*                            # a comment
      | ::                                  # a cast
      | :=
    )
  | (?P<comment>/\*)
  | (?P<dollar>\$(?P<number>\d+))
  | %\((?P<mapped>\w+)\)s
  | (?P<percent>%[s%])
  | (?<![\w:]):(?P<named>[^\W\d]\w*)
                    # words, so that no string begins inside one, and what means nothing between
  | [^\W\d][\w$]*(?:[^\w'"$%:/-]+(?![eE]')[^\W\d][\w$]*)*
    """,
    re.VERBOSE | re.DOTALL,
)


class Prepared(NamedTuple):
    """A statement with numbered parameters, and their values."""

    text: str
    values: tuple[Any, ...]


def number(text: str, given: Parameters) -> Prepared:
    """The statement with $1, $2 … and the values in that order.

    Args:
        text: with %s for a sequence, :name or %(name)s for a mapping, or $1 for a sequence.
        given: the values; None if there are none.

    Raises:
        QueryError: styles are mixed, or parameters do not match the values.

    >>> number("SELECT %s, '%s'", [3])
    Prepared(text="SELECT $1, '%s'", values=(3,))
    >>> number("SELECT :a::int + :b + :a", {"a": 1, "b": 2})
    Prepared(text='SELECT $1::int + $2 + $1', values=(1, 2))
    """
    found = _Numbering(text, given)
    return Prepared(found.rewritten(), found.values())


def has_parameters(text: str) -> bool:
    """Whether a text has places for values, in any style.

    >>> has_parameters("a = %s"), has_parameters("a = :b"), has_parameters("a = '%s' -- $1")
    (True, True, False)
    """
    return any(
        match["dollar"] or match["mapped"] or match["named"] or match["percent"] == "%s"
        for match in _TOKEN.finditer(text)
    )


def original(text: str, given: Parameters, position: int) -> int:
    """The character of a text as it was given, of one of the numbered text; both count from 1.

    >>> text = "SELECT :a_long_name, nope"
    >>> original(text, {"a_long_name": 1}, len("SELECT $1, n"))
    22
    """
    begin = 1
    for at, end, piece in _Numbering(text, given).pieces():
        if position < begin + len(piece):
            same = text[at:end] == piece
            return at + 1 + (position - begin if same else 0)
        begin += len(piece)
    return len(text) + 1


class placed:  # noqa: N801 - reads as a phrase: with placed(text, given)
    """Errors raised within tell their place in the text as it was given.

    Args:
        text: that was numbered.
        given: its parameters.
        before: what stands before the user's part of the text.
    """

    def __init__(self, text: str, given: Parameters, before: str = "") -> None:
        self._text, self._given, self._before = text, given, len(before)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if not isinstance(error, QueryError) or error.position is None:
            return
        found = original(self._text, self._given, error.position) - self._before
        told = f"at character {error.position}"
        error.position = found if found > 0 else None
        if told in error.message:
            at = f"at character {found}" if found > 0 else "at its beginning"
            error.message = error.message.replace(told, at)
            error.args = (error.message,)


class _Numbering:
    def __init__(self, text: str, given: Parameters) -> None:
        if isinstance(given, str | bytes) or not (given is None or hasattr(given, "__len__")):
            raise QueryError(
                f"parameters are a sequence or a mapping, not {type(given).__name__}.",
                hint="Pass a list for %s and $1, a dict for :name.",
                sqlstate="07001",
            )
        self._text = text
        self._given: Any = () if given is None else given
        self._mapping = hasattr(self._given, "keys")
        self._sequence = given is not None and not self._mapping
        self._names: dict[str, int] = {}
        self._positions = 0
        self._highest = 0

    def rewritten(self) -> str:
        return "".join([piece for _, _, piece in self.pieces()])

    def pieces(self) -> Iterator[tuple[int, int, str]]:
        """(begin, end, what stands for it) of each part of the text."""
        text = self._text
        kept = at = 0
        while match := _TOKEN.search(text, at):
            start, at = match.span()
            if match.lastgroup is None or match.lastgroup == "skip":
                continue
            if match.lastgroup == "comment":
                at, made = self._comment_end(at), " "
            else:
                made = self._replacement(match)
            yield kept, start, text[kept:start]
            yield start, at, made
            kept = at
        yield kept, len(text), text[kept:]

    def _replacement(self, match: re.Match[str]) -> str:
        name = match["mapped"] or match["named"]
        if name is not None and self._mapping:
            return f"${self._names.setdefault(name, len(self._names) + 1)}"
        if match["mapped"]:
            raise _styles("%(name)s needs a mapping of values")
        if match["percent"] and self._sequence:
            if match["percent"] == "%%":
                return "%"
            self._positions += 1
            return f"${self._positions}"
        if match["dollar"]:
            self._highest = max(self._highest, int(match["number"][:6]))
        return match[0]

    def _comment_end(self, at: int) -> int:
        """Comments nest."""
        depth = 1
        for match in re.compile(r"/\*|\*/").finditer(self._text, at):
            depth += 1 if match[0] == "/*" else -1
            if not depth:
                return match.end()
        return len(self._text)

    def values(self) -> tuple[Any, ...]:
        """The values in the order of their numbers."""
        if bool(self._names) + bool(self._positions) + bool(self._highest) > 1:
            raise _styles("%s, :name and $1 are mixed in one statement")
        if self._names:
            missing = [name for name in self._names if name not in self._given]
            if missing:
                raise QueryError(
                    f"the statement has a parameter :{missing[0]}, for which no value is given.",
                    hint=f"Given are: {', '.join(map(str, self._given)) or 'none'}.",
                    sqlstate="07001",
                )
            return tuple(self._given[name] for name in self._names)
        if self._mapping:
            return ()
        wanted = self._positions or self._highest
        if wanted != len(self._given) or wanted > PARAMETERS_MAX:
            raise QueryError(
                f"the statement has {wanted} parameters, and {len(self._given)} values are given.",
                hint="Write %s for each value, and give them in a list; a percent sign is %% then.",
                sqlstate="07001",
            )
        return tuple(self._given)


def _styles(problem: str) -> QueryError:
    return QueryError(
        f"{problem}.", hint="Use one style: %s with a list, :name with a dict.", sqlstate="07001"
    )
