r"""Postgres' advanced regular expressions, in the engine's RE2.

RE2 runs in linear time and gives the first alternative that matches where Postgres gives the
longest: `Regular.first_is_longest` tells where that is the same. Look-around, back-references and
constraints of words are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

BOUND_MAX = 255
"""Of {m,n}."""

_CLASSES = {
    "alpha": r"\p{L}", "digit": "0-9", "alnum": r"\p{L}\p{N}", "upper": r"\p{Lu}",
    "lower": r"\p{Ll}", "space": r"\t\n\x0b\f\r ", "blank": r"\t ", "xdigit": "0-9A-Fa-f",
    "punct": r"\p{P}\p{S}", "cntrl": r"\p{Cc}", "word": r"\p{L}\p{N}_",
}  # fmt: skip
_SHORTHANDS = {"d": _CLASSES["digit"], "w": _CLASSES["word"], "s": _CLASSES["space"]}
_CHARACTERS = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "0": 0}
_MEANT = frozenset("\\.+*?()|[]{}^$")


class Regular:
    r"""A pattern, read.

    Attributes:
        text: for RE2.
        groups: how many there are; `optional` whether one of them may match nothing.
        nullable: it may match the empty text.
        first_is_longest: what RE2 finds is what Postgres finds.

    Args:
        pattern: as Postgres reads it.
        flags: its letters i, c, s, n, m, q.

    Raises:
        QueryError: 2201B, it is no regular expression.
        UnsupportedQueryError: it has what RE2 has not.

    >>> Regular(r"^a(\d+)[^b]$").text
    '(?s)^a([0-9]+)[^b]$'
    """

    def __init__(self, pattern: str, flags: str = "") -> None:
        self._pattern, self._at = pattern, 0
        self._insensitive = self._lines = False
        self._literal = False
        self.groups = 0
        self.optional = False
        self._greedy = self._lazy = False
        self._branches = True
        self._take_flags(flags)
        self._take_directives()
        if self._literal:
            self.text, self.nullable = escaped(self._pattern[self._at :]), False
        else:
            self.text, self.nullable, _ = self._alternatives(inside=False)
            if self._at < len(pattern):
                raise _wrong("parentheses () not balanced")
        marks = "s" + ("i" if self._insensitive else "") + ("m" if self._lines else "")
        self.text = f"(?{marks})" + self.text

    @property
    def first_is_longest(self) -> bool:
        """Whether the order of alternatives and quantifiers makes no difference."""
        return self._branches and not (self._greedy and self._lazy)

    def _take_flags(self, flags: Iterable[str]) -> None:
        for letter in flags:
            if letter in ("i", "c"):
                self._insensitive = letter == "i"
            elif letter in ("n", "m", "s"):
                self._lines = letter != "s"
            elif letter == "q":
                self._literal = True
            elif letter == "t":
                continue
            elif letter in "bepwx":
                raise UnsupportedQueryError(f"the flag {letter!r} of patterns is not supported.")
            else:
                raise QueryError(
                    f'invalid regular expression option: "{letter}".', sqlstate="22023"
                )

    def _take_directives(self) -> None:
        rest = self._pattern
        if rest.startswith("***"):
            if rest[3:4] == "=":
                self._literal, self._at = True, 4
                return
            if rest[3:4] != ":":
                raise _wrong("invalid use of ***")
            self._at, rest = 4, rest[4:]
        if rest.startswith("(?") and rest[2:3].isalpha():
            end = rest.find(")")
            if end < 0:
                raise _wrong("parentheses () not balanced")
            self._take_flags(rest[2:end])
            self._at += end + 1

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _alternatives(self, *, inside: bool) -> tuple[str, bool, str]:
        """Branches up to ) or the end: (text, nullable, leading literal of a single branch)."""
        texts, nullable, leads = [], False, []
        while True:
            text, empty, lead = self._branch()
            texts.append(text)
            leads.append(lead)
            nullable = nullable or empty
            if self._peek() != "|":
                break
            self._at += 1
        if inside:
            if self._peek() != ")":
                raise _wrong("parentheses () not balanced")
            self._at += 1
        if len(leads) > 1 and not _tell_apart(leads, fold=self._insensitive):
            self._branches = False
        return "|".join(texts), nullable, leads[0] if len(leads) == 1 else ""

    def _branch(self) -> tuple[str, bool, str]:
        parts, nullable, lead, leading = [], True, "", True
        while self._peek() not in ("", "|", ")"):
            text, empty, literal = self._quantified()
            parts.append(text)
            nullable = nullable and empty
            if leading and literal:
                lead += literal
            else:
                leading = False
        return "".join(parts), nullable, lead

    def _quantified(self) -> tuple[str, bool, str]:
        groups = self.groups
        char = self._peek()
        if char in ("*", "+", "?") or (char == "{" and self._bound() is not None):
            raise _wrong("quantifier operand invalid")
        text, nullable, literal = self._atom()
        quantifier = self._quantifier()
        if quantifier is None:
            return text, nullable, literal
        if text in ("^", "$"):
            raise _wrong("quantifier operand invalid")
        least, mark = quantifier
        if mark.endswith("?") and len(mark) > 1:
            self._lazy = True
        elif mark != "{1}":
            self._greedy = True
        if least == 0 and self.groups > groups:
            self.optional = True
        if self._quantifier() is not None:
            raise _wrong("quantifier operand invalid")
        return text + mark, nullable or least == 0, ""

    def _quantifier(self) -> tuple[int, str] | None:
        """(how often at least, its text)."""
        char = self._peek()
        if char in ("*", "+", "?") and char:
            self._at += 1
            least, mark = int(char == "+"), char
        elif char == "{":
            bound = self._bound()
            if bound is None:
                return None
            least, mark, length = bound
            self._at += length
        else:
            return None
        if self._peek() == "?":
            self._at += 1
            mark += "?"
        return least, mark

    def _bound(self) -> tuple[int, str, int] | None:
        """(least, text, length) of {m}, {m,} or {m,n}; None where { is a character."""
        rest = self._pattern[self._at :]
        if not rest[1:2].isdigit():
            return None
        end = rest.find("}")
        low, comma, high = rest[1:end].partition(",")
        if end < 0 or not low.isdigit() or (high and not high.isdigit()):
            raise _wrong("invalid repetition count(s)")
        if int(low) > BOUND_MAX or (high and not int(low) <= int(high) <= BOUND_MAX):
            raise _wrong("invalid repetition count(s)")
        return int(low), f"{{{low}{comma}{high}}}", end + 1

    def _atom(self) -> tuple[str, bool, str]:
        """(text, nullable, its literal if it is one)."""
        char = self._peek()
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._bracket(), False, ""
        if char == ".":
            return ("[^\\n]" if self._lines else "."), False, ""
        if char in "^$":
            return char, True, ""
        if char == "\\":
            return self._escape()
        return escaped(char), False, char

    def _group(self) -> tuple[str, bool, str]:
        if self._peek() != "?":
            self.groups += 1
            groups = self.groups
            text, nullable, _ = self._alternatives(inside=True)
            if "|" in text and groups < self.groups:
                self.optional = True  # of a branch that is not taken
            return f"({text})", nullable, ""
        self._at += 1
        if self._peek() == ":":
            self._at += 1
            groups = self.groups
            text, nullable, _ = self._alternatives(inside=True)
            if "|" in text and groups < self.groups:
                self.optional = True
            return f"(?:{text})", nullable, ""
        if self._peek() and self._peek() in "=!<":
            raise UnsupportedQueryError("look-around in regular expressions is not supported.")
        raise _wrong("quantifier operand invalid")

    def _escape(self) -> tuple[str, bool, str]:
        char = self._peek()
        self._at += 1
        if not char:
            raise _wrong("invalid escape \\ sequence")
        if char in "dws":
            return f"[{_SHORTHANDS[char]}]", False, ""
        if char in "DWS":
            return f"[^{_SHORTHANDS[char.lower()]}]", False, ""
        if char == "A":
            return "\\A", True, ""
        if char == "Z":
            return "\\z", True, ""
        if char in "mMyY":
            raise UnsupportedQueryError(f"\\{char} in regular expressions is not supported.")
        if char.isdigit() and char != "0":
            raise UnsupportedQueryError("back-references in patterns are not supported.")
        found = self._character(char)
        return escaped(found), False, found

    def _character(self, char: str) -> str:
        """The character that an escape stands for."""
        if char == "B":
            return "\\"
        if char in "xuU":
            length = {"x": 255, "u": 4, "U": 8}[char]
            digits = ""
            while (
                len(digits) < length and self._peek() and self._peek() in "0123456789abcdefABCDEF"
            ):
                digits += self._peek()
                self._at += 1
            if not digits or (char != "x" and len(digits) < length) or int(digits, 16) > 0x10FFFF:
                raise _wrong("invalid escape \\ sequence")
            return chr(int(digits, 16))
        if char in _CHARACTERS:
            return chr(_CHARACTERS[char])
        if char.isalnum():
            raise _wrong("invalid escape \\ sequence")
        return char

    def _bracket(self) -> str:
        """A bracket expression behind its [."""
        rest, negated = self._pattern, False
        if self._peek() == "^":
            negated, self._at = True, self._at + 1
        parts, first = [], True
        while True:
            char = self._peek()
            if not char:
                raise _wrong("brackets [] not balanced")
            if char == "]" and not first:
                self._at += 1
                break
            first = False
            if rest.startswith("[:", self._at):
                end = rest.find(":]", self._at)
                name = rest[self._at + 2 : end] if end > 0 else ""
                if name not in _CLASSES:
                    raise _wrong("invalid character class")
                parts.append(_CLASSES[name])
                self._at = end + 2
                continue
            if rest.startswith(("[.", "[="), self._at):
                raise UnsupportedQueryError("collating elements in patterns are not supported.")
            parts.append(self._range())
        if negated and self._lines:
            parts.append("\\n")
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _range(self) -> str:
        shorthand, low = self._member()
        if shorthand:
            return shorthand
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return escaped(low, bracket=True)
        self._at += 1
        shorthand, high = self._member()
        if shorthand or high < low:
            raise _wrong("invalid character range")
        return f"{escaped(low, bracket=True)}-{escaped(high, bracket=True)}"

    def _member(self) -> tuple[str, str]:
        """(shorthand class, or '', the character)."""
        char = self._peek()
        self._at += 1
        if char != "\\":
            return "", char
        char = self._peek()
        self._at += 1
        if char and char in "dws":
            return _SHORTHANDS[char], ""
        if not char or char in "DWSAZmMyY" or (char.isdigit() and char != "0"):
            raise _wrong("invalid escape \\ sequence")
        return "", self._character(char)


def _wrong(problem: str) -> QueryError:
    return QueryError(f"invalid regular expression: {problem}.", sqlstate="2201B")


def escaped(text: str, *, bracket: bool = False) -> str:
    """Characters that stand for themselves."""
    made = []
    for char in text:
        if char in _MEANT or (bracket and char in "-&~"):
            made.append("\\" + char)
        elif ord(char) < 32:
            made.append(f"\\x{ord(char):02x}")
        else:
            made.append(char)
    return "".join(made)


def _tell_apart(leads: list[str], *, fold: bool) -> bool:
    """Whether the first characters of branches decide which one can match."""
    words = [lead.casefold() for lead in leads] if fold else leads
    return not any(
        one.startswith(other)
        for k, one in enumerate(words)
        for m, other in enumerate(words)
        if k != m
    )


def replacement(text: str) -> str:
    r"""The text of regexp_replace in RE2's spelling.

    >>> replacement(r"[\1\&\\]\x")
    '[\\1\\0\\\\]\\\\x'
    """
    made, at = [], 0
    while at < len(text):
        char = text[at]
        if char != "\\":
            made.append(char)
            at += 1
            continue
        after = text[at + 1 : at + 2]
        if after and after in "123456789":
            made.append("\\" + after)
        elif after == "&":
            made.append("\\0")
        elif after == "\\":
            made.append("\\\\")
        else:
            made.append("\\\\" + after)
        at += 2
    return "".join(made)
