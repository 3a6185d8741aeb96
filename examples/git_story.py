"""Git for rows: labels fixed on a branch, a conflict settled, a bad import undone.

Act 7 of the demo; runs on any repository that the demo built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import deeplake

if TYPE_CHECKING:
    from demo import Bill

REVIEWED = 40


def tell(url: str, bill: Bill) -> None:
    """Ada rates on a branch, Ben on main; they meet, and a vendor's rows come and go."""
    ds = deeplake.open(url)
    before = len(ds)
    unrated = np.flatnonzero(np.ma.getmaskarray(ds["rating"][:]))[:REVIEWED]
    review(ds, unrated, bill)
    print("\nwhat Ada changed, before anybody merges it:\n")
    with bill.step("diff two branches", REVIEWED):
        difference = ds.diff("main~1", "ratings-by-ada")
        shown = str(difference)
    print("\n".join(shown.splitlines()[:12]))
    settle(ds, bill)
    undo(ds, bill)
    if len(ds) != before + 1:
        raise SystemExit(f"the revert left {len(ds)} rows instead of {before + 1}")
    print(f"\nthe log of main:\n\n{ds.log(6)}")


def review(ds: deeplake.Dataset, rows: Any, bill: Bill) -> None:
    """The same pictures, rated by two people at once."""
    ds.branch("ratings-by-ada")
    with bill.step("rate scattered rows and commit", len(rows)):
        ds["rating"][rows] = 1 + rows % 5
        ds.commit(f"Ada rates {len(rows)} pictures")
    ds.checkout("main")
    ds["rating"][rows[:3]] = 5
    ds["metadata"][int(rows[5])] = {**ds["metadata"][int(rows[5])], "seen_by": "Ben"}
    ds.commit("Ben rates three of them, and signs another")


def settle(ds: deeplake.Dataset, bill: Bill) -> None:
    """Merging tells what both changed, and changes nothing until that is decided."""
    try:
        ds.merge("ratings-by-ada")
    except deeplake.errors.MergeConflictError as error:
        print(f"\nthe merge met {len(error.conflicts)} conflicts, and changed nothing:")
        for conflict in error.conflicts:
            print(f"   {conflict}")
    with bill.step("merge, the lower rating wins", REVIEWED):
        ds.merge("ratings-by-ada", on_conflict=lambda c: min(c.ours, c.theirs))
    print("\nmerged: the lower rating of each, and everything else of both.")


def undo(ds: deeplake.Dataset, bill: Bill) -> None:
    """A commit in the middle of the history is taken back; what came after it stays."""
    upside_down = [
        {**ds[k], "image": ds[k]["image"][::-1].copy(), "prompt": f"vendor sample {k}"}
        for k in range(len(ds) - 60, len(ds))
    ]
    ds.extend(upside_down)
    bad = ds.commit("60 pictures from a vendor, upside down as it turns out")
    ds.append({"prompt": "a note written after the import", "rating": 3})
    ds.commit("a row that must stay")
    with bill.step("revert the import", len(upside_down)):
        ds.revert(bad)
    kept = ds["prompt"][-1]
    print(f"\nreverted {bad.message!r}: its rows are gone, {kept!r} is still here.")
