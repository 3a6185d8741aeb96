"""One statement over similarity, numbers, JSON and pictures; then a branch of its answer.

Act 8 of the demo; runs on any repository that the demo built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import deeplake

if TYPE_CHECKING:
    from demo import Bill

QUESTION = """
SELECT prompt, rating, metadata ->> 'source' AS source,
       cosine_similarity(embedding, :like) AS score, image
FROM data
WHERE rating >= 3 AND metadata @> '{"source": "flower.jpg"}'
ORDER BY score DESC NULLS LAST
LIMIT 5
"""

BY_SOURCE = """
SELECT metadata ->> 'source' AS source, count(*) AS pictures, count(rating) AS rated,
       round(avg(rating), 2) AS mean, percentile_cont(0.9) WITHIN GROUP (ORDER BY rating) AS p90
FROM data GROUP BY 1 ORDER BY pictures DESC
"""


def tell(url: str, bill: Bill) -> None:
    """Ask, look at the plan, keep the answer as a branch, stream it."""
    db = deeplake.connect(url)
    like = db.execute("SELECT embedding FROM data WHERE prompt LIKE '%dahlia%' LIMIT 1").fetchone()
    if like is None:
        raise SystemExit("there is no dahlia to compare with")
    with bill.step("one statement: similarity + SQL + JSON", 5):
        answer = db.execute(QUESTION, {"like": like[0]}).fetchall()
    print(QUESTION.strip(), end="\n\n")
    for prompt, rating, source, score, image in answer:
        print(f"   {score:.3f}  rated {rating}  {source:<11} {len(image):>6,} B  {prompt}")
    with bill.step("group and aggregate all rows", 0):
        table = db.execute(BY_SOURCE).fetchall()
    print(f"\n   {'source':<12}{'pictures':>9}{'rated':>7}{'mean':>7}{'p90':>6}")
    for source, pictures, rated, mean, p90 in table:
        numbers = f"{pictures:>9,}{rated:>7,}{mean or 0:>7.2f}{p90 or 0:>6.1f}"
        print(f"   {source or 'none':<12}{numbers}")
    print("\nhow it was answered:\n")
    for (line,) in db.execute("EXPLAIN ANALYZE " + QUESTION, {"like": like[0]}):
        print(f"   {line}")
    keep(url, bill)


def keep(url: str, bill: Bill) -> None:
    """A view becomes a branch by reference, and streams like any dataset."""
    ds = deeplake.open(url)
    view = ds.filter("rating >= 4 AND metadata ->> 'source' = 'digits'")
    with bill.step("a view as a branch, by reference", len(view)):
        view.to_branch("best-digits", message="digits rated 4 and more")
    branch = deeplake.open(url, at="best-digits")
    with bill.step("stream that branch", len(branch)):
        streamed = sum(len(batch["rating"]) for batch in branch.batches(columns=["rating"]))
    if streamed != len(view):
        raise SystemExit(f"{streamed} rows streamed instead of {len(view)}")
    print(f"\nthe branch best-digits holds exactly these {streamed} rows; no value was copied.")
