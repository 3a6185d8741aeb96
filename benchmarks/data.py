"""The rows every figure is measured on: one JPEG, a label, a short text and an embedding each.

Made from a seed in about two seconds, so nothing is downloaded or kept. Knows no store.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

EDGE_PX = 256
JPEG_QUALITY = 90
DISTINCT_IMAGES = 500
EMBEDDING_DIM = 512
CLASSES = 100
SCHEMA = {"image": "image", "label": "int", "text": "text", "emb": f"emb-{EMBEDDING_DIM}"}

GRAIN = 11.0
"""Standard deviation of the finest noise, in grey levels: gives about 28 KB at quality 90."""


class Rows(NamedTuple):
    """Columns of equal length: encoded JPEGs, int64 labels, texts, float32 (rows, 512)."""

    image: list[bytes]
    label: npt.NDArray[np.int64]
    text: list[str]
    emb: npt.NDArray[np.float32]

    def columns(self) -> dict[str, object]:
        """The rows as `Dataset.extend` takes them."""
        return self._asdict()

    def row(self, i: int) -> dict[str, object]:
        """One row as `Dataset.append` takes it."""
        return {name: column[i] for name, column in self._asdict().items()}

    def row_bytes(self, i: int) -> bytes:
        """The payload of one row, joined: what a raw file create writes."""
        label = struct.pack("<q", self.label[i])
        return self.image[i] + label + self.text[i].encode() + self.emb[i].tobytes()

    @property
    def source_bytes(self) -> int:
        """Payload of all rows."""
        texts = sum(len(text.encode()) for text in self.text)
        return sum(map(len, self.image)) + texts + self.label.nbytes + self.emb.nbytes


def _photograph(rng: np.random.Generator) -> bytes:
    """An image whose spectrum falls with frequency, as photographs' do: noise at five scales."""
    from PIL import Image

    pixels = np.full((EDGE_PX, EDGE_PX, 3), 128.0, np.float32)
    for scale, strength in ((64, 45.0), (32, 25.0), (16, 16.0), (4, 12.0), (1, GRAIN)):
        side = EDGE_PX // scale
        noise = rng.standard_normal((side, side, 3), np.float32) * strength
        pixels += noise.repeat(scale, 0).repeat(scale, 1)
    encoded = io.BytesIO()
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image.save(encoded, "JPEG", quality=JPEG_QUALITY)
    return encoded.getvalue()


def _stamped(jpeg: bytes, number: int) -> bytes:
    """The same picture with `number` in a COM segment, so that no two rows have equal bytes."""
    return jpeg[:2] + struct.pack(">HHQ", 0xFFFE, 10, number) + jpeg[2:]


def make_rows(rows: int, seed: int = 0) -> Rows:
    """The first `rows` rows of the benchmark; equal for equal seeds."""
    rng = np.random.default_rng(seed)
    pictures = [_photograph(rng) for _ in range(min(rows, DISTINCT_IMAGES))]
    return Rows(
        image=[_stamped(pictures[i % len(pictures)], i) for i in range(rows)],
        label=rng.integers(0, CLASSES, rows),
        text=[f"photograph {i}: a scene in {CLASSES} colours of noise" for i in range(rows)],
        emb=rng.standard_normal((rows, EMBEDDING_DIM), np.float32),
    )
