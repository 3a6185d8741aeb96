"""Names in a merge: each thing of the outcome has its name of ours or of theirs, no two have one.

Of tables and of columns alike, both of which have ids that names come and go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.table.unsettled import unsettled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def names_apart(
    names: Mapping[int, str],
    ours: Mapping[int, str],
    theirs: Mapping[int, str],
    decide: Callable[[str, int, int], bool],
) -> dict[int, str]:
    """Id -> name, no two alike. Where two are, the side that is kept names both of them, and one
    that it has not is left out.

    Args:
        names: what the outcome would have: for each id a name of ours or of theirs.
        ours, theirs: what each side has; no two alike.
        decide: told a name, who has it in ours and who in theirs, says whether theirs is kept;
            asked once for each such pair.
    """
    found, answers = dict(names), dict[tuple[str, int, int], bool]()
    for _ in range(len(names) + 1):
        clash = _of_one_name(found, ours)
        if clash is None:
            return found
        if clash not in answers:
            answers[clash] = decide(*clash)
        side = theirs if answers[clash] else ours
        for each in clash[1:]:
            if each in side:
                found[each] = side[each]
            else:
                del found[each]
    taken = set(ours.values())  # answers went round in circles, and ours' names are apart
    return {
        each: ours.get(each, name)
        for each, name in found.items()
        if each in ours or name not in taken
    }


def unsettled_names(
    names: Mapping[int, str],
    ours: Mapping[int, str],
    alike: Callable[[str, int, int], bool] | None = None,
) -> dict[int, str]:
    """The same for a virtual base: of two that have one name, neither is seen to have it.

    Args:
        alike: told a name, who has it in ours and who in theirs, says whether the two are one:
            then theirs is left out.
    """
    found = dict(names)
    while (clash := _of_one_name(found, ours)) is not None:
        if alike is not None and alike(*clash):
            del found[clash[2]]
            continue
        for each in clash[1:]:
            found[each] = unsettled()
    return found


def _of_one_name(found: Mapping[int, str], ours: Mapping[int, str]) -> tuple[str, int, int] | None:
    """A name that two have, who has it in ours and who in theirs, if there are any."""
    holders: dict[str, int] = {}
    for each, name in found.items():
        other = holders.setdefault(name, each)
        if other != each:
            return (name, other, each) if ours.get(other) == name else (name, each, other)
    return None
