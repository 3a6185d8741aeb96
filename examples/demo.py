"""One dataset from first row to trained model: build, branch, curate, stream, look back, merge.

    python examples/demo.py [folder] [--quick]

Real data, no network: two photographs cut into tiles and 1,797 handwritten digits, all shipped
with scikit-learn. Ends with exit code 1 if the model misses the stated accuracy.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import git_story
import numpy as np
import sql_story
from tqdm import tqdm

import deeplake
from deeplake import types

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

ACCURACY_MIN = 0.95
TILE_PX = 64
CLASSES = [*"0123456789", "china", "flower"]
SCHEMA = {
    "prompt": "text not_null",
    "image": types.Image(),
    "embedding": "emb-64",
    "rating": "int",  # 1 to 5, NULL until somebody looked
    "metadata": "json",
    "label": types.ClassLabel(CLASSES),
}
BAR: dict[str, Any] = {"disable": None, "leave": False}  # bars on a terminal only
MOVES = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


class Cost(NamedTuple):
    """What one step took."""

    step: str
    rows: int
    seconds: float
    disk_bytes: int


class Bill:
    """Times the steps and weighs the folder after each."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.costs: list[Cost] = []

    @contextmanager
    def step(self, name: str, rows: int) -> Iterator[None]:
        before, start = folder_bytes(self.folder), time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        self.costs.append(Cost(name, rows, seconds, folder_bytes(self.folder) - before))

    def show(self) -> None:
        print(f"{'step':<42}{'rows':>9}{'time':>11}{'rows/s':>13}{'on disk':>13}")
        for step, rows, seconds, size in self.costs:
            spent = f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"
            count, rate = (f"{rows:,}", f"{rows / seconds:,.0f}") if rows else ("", "")
            shown = f"+{size / 1e3:,.1f} KB" if size else ""
            print(f"{step:<42}{count:>9}{spent:>11}{rate:>13}{shown:>13}".rstrip())
        total = sum(cost.seconds for cost in self.costs)
        print(f"{'all of it':<42}{'':>9}{f'{total:.2f} s':>11}")


def folder_bytes(folder: str) -> int:
    files = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(file) for file in files)


def colour(code: str, text: str) -> str:
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"


def title(number: int, text: str) -> None:
    print(f"\n{colour('1;36', f'{number}  {text}')}\n{colour('36', '─' * 96)}")


def say(text: str) -> None:
    print(colour("2", text))


# --- the data -------------------------------------------------------------------------------


def embed(pixels: Pixels) -> npt.NDArray[np.float32]:
    """64 numbers: the brightness of an 8 x 8 thumbnail, centred, of length 1."""
    gray = pixels.astype(np.float32).mean(axis=2)
    cells = gray.reshape(8, gray.shape[0] // 8, 8, gray.shape[1] // 8).mean(axis=(1, 3)).ravel()
    cells -= cells.mean()
    return cells / max(float(np.linalg.norm(cells)), 1e-6)


def rating(pixels: Pixels, number: int) -> int | None:
    """1 to 5 by contrast; every third picture has not been looked at yet."""
    return None if number % 3 == 2 else int(np.clip((pixels.std() - 30) / 12, 1, 5))


def jpeg(pixels: Pixels) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def photographs(stride: int) -> Iterator[dict[str, Any]]:
    """Overlapping tiles of two photographs, as JPEG bytes."""
    from sklearn.datasets import load_sample_images

    pictures = load_sample_images()
    for file, picture in zip(pictures.filenames, pictures.images, strict=True):
        name = os.path.splitext(os.path.basename(file))[0]
        what = {"china": "a temple in China under a blue sky", "flower": "an orange dahlia"}[name]
        height, width = picture.shape[:2]
        corners = [
            (top, left)
            for top in range(0, height - TILE_PX + 1, stride)
            for left in range(0, width - TILE_PX + 1, stride)
        ]
        for number, (top, left) in enumerate(corners):
            tile = np.ascontiguousarray(picture[top : top + TILE_PX, left : left + TILE_PX])
            yield {
                "prompt": f"a photograph of {what}, close-up {number}",
                "image": jpeg(tile),
                "embedding": embed(tile),
                "rating": rating(tile, number),
                "metadata": {"source": f"{name}.jpg", "at": [top, left], "tile_px": TILE_PX},
                "label": name,
            }


def digits() -> Iterator[dict[str, Any]]:
    """The 1,797 handwritten digits; every fifth is kept for the test."""
    from sklearn.datasets import load_digits

    data = load_digits()
    for number, (values, digit) in enumerate(zip(data.images, data.target, strict=True)):
        pixels = (values * 15).astype(np.uint8)[:, :, None]
        yield {
            "prompt": f"a handwritten {digit}, sample {number}",
            "image": pixels,
            "embedding": embed(pixels),
            "rating": rating(pixels, number),
            "metadata": {
                "source": "digits",
                "sample": number,
                "split": "test" if number % 5 == 4 else "train",
            },
            "label": int(digit),
        }


# --- the acts -------------------------------------------------------------------------------


def build(url: str, bill: Bill, *, quick: bool) -> None:
    title(1, "Build: prompts, pictures, embeddings, ratings and metadata in one table")
    rows = [*photographs(64 if quick else 32), *digits()]
    with bill.step("create the table", 0):
        ds = deeplake.create(url, SCHEMA)
    with bill.step("append and commit the generations", len(rows)):
        for at in tqdm(range(0, len(rows), 256), desc="appending", unit="x256", **BAR):
            ds.extend(rows[at : at + 256])
        commit = ds.commit("two photographs in tiles, 1,797 digits")
    print(f"{commit}\n\n{ds}\n\n{ds.summary()}")
    say("\nno row was read for that: counts, NULLs and ranges are statistics of the commit.")


def look(url: str, bill: Bill) -> None:
    title(2, "Look: any row, any column, any order")
    ds = deeplake.open(url)
    row = next(k for k, label in enumerate(ds["label"][:].tolist()) if label == 3)
    print(f"ds[{row}]: {ds['prompt'][row]!r}, rated {ds['rating'][row]}, {ds['metadata'][row]}")
    with bill.step("read all embeddings, rank by cosine", len(ds)):
        embeddings = ds["embedding"][:]
        nearest = np.argsort(-(embeddings @ embeddings[row]))[1:5].tolist()
    print("its neighbours by embedding:", *ds["prompt"][nearest], sep="\n   ", end="\n\n")
    print(drawn([ds["image"][k] for k in [row, *nearest]]))


def drawn(pictures: list[Pixels]) -> str:
    """Gray 8 x 8 pictures as text, side by side."""
    shades = " ░▒▓█"
    lines = [
        "   ".join("".join(shades[int(v) * 5 // 256] * 2 for v in p[line, :, 0]) for p in pictures)
        for line in range(8)
    ]
    return "\n".join(f"   {line}".rstrip() for line in lines)


def curate(url: str, bill: Bill, *, quick: bool) -> list[int]:
    """Work on a branch; returns the positions that the model is trained on."""
    title(3, "Curate on a branch: main does not move")
    ds = deeplake.open(url)
    with bill.step("branch (whatever the size of the data)", 0):
        ds.branch("curated")
    metadata, ratings = ds["metadata"][:], ds["rating"][:]
    with bill.step("find near-duplicates among all pairs", len(ds)):
        embeddings = ds["embedding"][:]
        alike = np.triu(embeddings @ embeddings.T > 0.99, 1).any(axis=0)
    chosen = [
        k
        for k, row in enumerate(metadata)
        if row.get("split") == "train" and not alike[k] and (ratings.mask[k] or ratings[k] > 1)
    ]
    say(f"{alike.sum()} near-duplicates; {len(chosen)} digits chosen to train on.")
    moved = [shifted(ds[k], k, way) for k in chosen for way in (["left"] if quick else MOVES)]
    with bill.step("append derived rows and commit", len(moved)):
        first = len(ds)
        ds.extend(moved)
        ds.commit(f"{len(moved)} digits moved by a pixel, each naming its origin")
    ds.tag("training-v1")
    print(f"{ds}\nderived: {ds['prompt'][first]!r}, {ds['metadata'][first]}")
    return [*chosen, *range(first, len(ds))]


def shifted(row: dict[str, Any], origin: int, way: str) -> dict[str, Any]:
    """A digit moved by one pixel, as a new row."""
    pixels = np.roll(row["image"], MOVES[way], axis=(0, 1))
    return {
        "prompt": f"{row['prompt']}, moved {way}",
        "image": pixels,
        "embedding": embed(pixels),
        "metadata": {"source": "derived", "from_row": origin, "moved": way},
        "label": row["label"],
    }


def train(url: str, rows: list[int], bill: Bill, *, epochs: int) -> float:
    """A small convolutional network, fed by the branch at its tag; returns its accuracy."""
    title(4, "Train: PyTorch reads the tag itself, there is no export")
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)  # two wait for one another where others work too: 665 s, not 71
    ds = deeplake.open(url, at="training-v1")
    loader = ds[rows].pytorch(batch_size=64, shuffle=True, seed=0, columns=["image", "label"])
    say(f"{loader}\n")
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 16, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    with bill.step(f"train {epochs} epochs", epochs * len(rows)):
        for epoch in range(epochs):
            losses = []
            for batch in tqdm(loader, desc=f"epoch {epoch + 1}", unit="batch", **BAR):
                guess = model(scaled(batch["image"]))
                loss = nn.functional.cross_entropy(guess, batch["label"].long())
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(float(loss.detach()))
            print(f"epoch {epoch + 1:>2}  loss {np.mean(losses):.4f}")
    with bill.step("the same pass without a model", len(rows)):
        for _ in loader:
            pass
    return evaluate(ds, model)


def scaled(images: Any) -> Any:
    """uint8 (rows, height, width, 1) -> float (rows, 1, height, width) from 0 to 1."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def evaluate(ds: deeplake.Dataset, model: Any) -> float:
    import torch

    held = [k for k, row in enumerate(ds["metadata"][:]) if row.get("split") == "test"]
    right, pictures, guesses = 0, [], []
    with torch.no_grad():
        for batch in ds[held].pytorch(batch_size=256, columns=["image", "label"]):
            guess = model(scaled(batch["image"])).argmax(1)
            right += int((guess == batch["label"]).sum())
            pictures += list(batch["image"][:5].numpy())
            guesses += guess[:5].tolist()
    accuracy = right / len(held)
    good = accuracy >= ACCURACY_MIN
    verdict = f"{accuracy:.1%} of {len(held)} digits it never saw; {ACCURACY_MIN:.0%} was promised"
    print(f"\n{colour('1;32' if good else '1;31', verdict)}\n")
    print(drawn(pictures[:5]))
    print("   " + "   ".join(f"{f'it reads {guess}':<16}" for guess in guesses[:5]).rstrip())
    return accuracy


def arrivals(url: str, bill: Bill) -> None:
    title(5, "One record, one commit: the branch goes on while others read")
    ds = deeplake.open(url, at="curated")
    rows = list(digits())[:50]
    with bill.step("50 rows, each its own durable commit", len(rows)):
        for number, row in enumerate(tqdm(rows, desc="committing", unit="row", **BAR)):
            ds.append(row | {"prompt": f"{row['prompt']}, once more", "rating": 5})
            ds.commit(f"arrival {number}")
    each = bill.costs[-1].seconds / len(rows)
    print(f"{ds!r}".splitlines()[0])
    print(f"{each * 1e3:.1f} ms for a row: appended, committed, safe from power loss.")


def look_back(url: str, before: int, bill: Bill) -> None:
    title(6, "Look back: main is untouched, the tag stays, the log tells")
    with bill.step("reopen main and read a row", 1):
        main = deeplake.open(url)
        first = main[0]
    if len(main) != before:
        raise SystemExit(f"main changed: {len(main)} rows instead of {before}")
    print(f"main          {len(main):>6,} rows, begins with {first['prompt']!r}")
    for name in ("curated", "training-v1", "training-v1~1"):
        print(f"{name:<14}{len(deeplake.open(url, at=name)):>6,} rows")
    print(f"\nthe log of 'curated', the last four:\n{deeplake.open(url, at='curated').log(4)}")
    print(f"\nthe log of 'training-v1':\n{deeplake.open(url, at='training-v1').log()}")
    print(f"\nbranches {main.branches()}, tags {list(main.tags())}")


def run(url: str, *, quick: bool, kept: bool) -> int:
    bill = Bill(url)
    build(url, bill, quick=quick)
    before = len(deeplake.open(url))
    look(url, bill)
    rows = curate(url, bill, quick=quick)
    accuracy = train(url, rows, bill, epochs=6 if quick else 10)
    arrivals(url, bill)
    look_back(url, before, bill)
    title(7, "Git for rows: two reviewers, a conflict, a merge, a bad import undone")
    git_story.tell(url, bill)
    title(8, "One statement over all of it, and its answer as a branch")
    sql_story.tell(url, bill)
    title(9, "What it cost")
    bill.show()
    print(f"\n{folder_bytes(url) / 1e6:.1f} MB in {url}{'' if kept else ', thrown away now'}")
    if not kept:
        print("(to keep it: .venv/bin/python examples/demo.py ./generations)")
    if accuracy < ACCURACY_MIN:
        print(f"the model missed its mark: {accuracy:.1%} < {ACCURACY_MIN:.0%}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("folder", nargs="?", help="keep the repository here (default: thrown away)")
    parser.add_argument("--quick", action="store_true", help="fewer tiles, rows and epochs")
    args = parser.parse_args()
    try:
        if args.folder:
            return run(args.folder, quick=args.quick, kept=True)
        with tempfile.TemporaryDirectory(prefix="deeplake-") as folder:
            return run(os.path.join(folder, "demo"), quick=args.quick, kept=False)
    except deeplake.errors.DeeplakeError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
