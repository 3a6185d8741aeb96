"""How deep a text nests, before it is parsed: the parser calls itself at every level.

Neither it nor the decoder of its trees knows a limit: at 20,000 levels they end the process, in a
thread with a small stack sooner. What is counted here is at least the depth of the tree.
"""

from __future__ import annotations

import re

from deeplake import settings
from deeplake.query.control import LOOKS_EVERY, look
from deeplake.query.emit import too_deep

_TOKEN = re.compile(
    r"""
    [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
  | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
  | --[^\n]*
  | (?P<opens>[(\[]) | (?P<closes>[)\]]) | (?P<comma>,)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<operator>[-+*/<>=~!@#%^&|`?:]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_CHAINS = frozenset(
    ("is", "isnull", "notnull", "collate", "at", "like", "ilike", "similar", "between", "in", "not",
     "operator")
)  # fmt: skip
"""Words that have what is left of them, or what follows, one level deeper."""

_ENDS = frozenset(
    ("and", "or", "when", "then", "else", "select", "from", "where", "on", "having", "limit",
     "offset", "using", "set", "returning", "values")
)  # fmt: skip
"""Words that no chain of operators goes past: AND and OR of any number are one level."""

_SETS = frozenset(("union", "intersect", "except"))


class _Level:
    """What stands between parentheses, or CASE and END: its chains, and the deepest so far."""

    __slots__ = ("case", "deepest", "joins", "operators", "sets")

    def __init__(self, *, case: bool = False) -> None:
        self.case = case
        self.operators = self.joins = self.sets = self.deepest = 0

    @property
    def depth(self) -> int:
        return self.sets + max(self.deepest, self.operators + self.joins)

    def chain_ends(self) -> None:
        self.deepest = max(self.deepest, self.operators + self.joins)
        self.operators = 0

    def word(self, word: str) -> None:
        if word in _CHAINS:
            self.operators += 1
        elif word in _ENDS:
            self.chain_ends()
        elif word == "join":
            self.chain_ends()
            self.joins += 1
        elif word in _SETS:
            self.chain_ends()
            self.joins = 0
            self.sets += 1


def refuse_deep(text: str) -> None:
    """Refuse a text that nests deeper than is safe to parse.

    Raises:
        QuerySyntaxError: 54001.
    """
    most = settings.PLAN_DEPTH_MAX
    if len(text) > 2 * most and depth(text, most) > most:  # a level takes two characters
        raise too_deep()


def depth(text: str, most: int) -> int:
    """At least how many levels a text nests; no further than the first over `most`.

    >>> depth("select f(a + b + c, d), -1, -2 from t", 99)
    3
    """
    levels = [_Level()]
    for count, token in enumerate(_TOKEN.finditer(text)):
        kind = token.lastgroup
        level = levels[-1]
        word = token["word"].lower() if kind == "word" else ""
        if kind == "operator":
            level.operators += 1
        elif kind == "opens" or word == "case":
            levels.append(_Level(case=bool(word)))
        elif len(levels) > 1 and (kind == "closes" or (word == "end" and level.case)):
            levels.pop()
            below = levels[-1]
            below.operators = max(below.operators, level.depth + 1)
        elif kind == "comma":
            level.chain_ends()
            level.joins = 0
        elif word:
            level.word(word)
        if not count % LOOKS_EVERY:
            look()
        if level.operators + level.joins + level.sets + len(levels) > most:
            return most + 1
    return levels[0].depth
