"""What the disk and NumPy do without a store: the floors that the figures are ratios to.

The floor of a table is four .npy files and a blob file with offsets, the fastest plain layout
that gives random access. It has no schema, versions, checksums or NULLs.
"""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    import numpy.typing as npt

    from data import Rows

DISK_FILE_BYTES = 64 << 20
IOV_MAX = 1_000  # buffers per writev; the system's limit is 1,024


def write_each(file: BinaryIO, blobs: Sequence[bytes]) -> None:
    """A write per value: the program one writes without thinking."""
    file.writelines(blobs)


def write_gathered(file: BinaryIO, blobs: Sequence[bytes]) -> None:
    """A thousand values a call, about 1.7x faster: what the disk can do."""
    for at in range(0, len(blobs), IOV_MAX):
        group = blobs[at : at + IOV_MAX]
        written = os.writev(file.fileno(), group)
        if written < sum(map(len, group)):
            file.write(b"".join(group)[written:])
            file.flush()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fdatasync(file.fileno())


def sync_folder(folder: str) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)


def write_floor(
    folder: str,
    rows: Rows,
    *,
    sync: bool,
    write_blobs: Callable[[BinaryIO, Sequence[bytes]], None] = write_each,
) -> None:
    """Write the floor's six files; with `sync` they survive power loss once this returns."""
    os.makedirs(folder)
    arrays = {"label": rows.label, "emb": rows.emb}
    for name, blobs in (("image", rows.image), ("text", [t.encode() for t in rows.text])):
        with open(f"{folder}/{name}.bin", "wb") as file:
            write_blobs(file, blobs)
            if sync:
                _sync(file)
        arrays[name] = np.cumsum([0, *map(len, blobs)], dtype=np.int64)
    for name, array in arrays.items():
        with open(f"{folder}/{name}.npy", "wb") as file:
            np.save(file, array)
            if sync:
                _sync(file)
    if sync:
        sync_folder(folder)


def write_disk(folder: str, size: int) -> None:
    """So many bytes of one buffer, in files of 64 MiB from four threads, each synced: the disk's
    own share of a durable write, with nothing to encode, check or join.
    """
    os.makedirs(folder)
    buffer = np.random.default_rng(1).bytes(DISK_FILE_BYTES)

    def write(k: int) -> None:
        with open(f"{folder}/{k}", "wb", buffering=0) as file:
            file.write(buffer[: size - k * DISK_FILE_BYTES])
            os.fdatasync(file.fileno())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(-(-size // DISK_FILE_BYTES))))
    sync_folder(folder)


class Floor:
    """The floor opened for reading, by memory map. Copies what it hands out, as a store must."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        # plain views: a memmap object costs a microsecond more for each slice
        self.emb = np.asarray(np.load(f"{folder}/emb.npy", mmap_mode="r"))
        self.label = np.asarray(np.load(f"{folder}/label.npy", mmap_mode="r"))

    @cached_property
    def ends(self) -> list[int]:
        return np.load(f"{self.folder}/image.npy").tolist()

    @cached_property
    def blob(self) -> mmap.mmap:
        with open(f"{self.folder}/image.bin", "rb") as file:
            return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def embedding(self, i: int) -> npt.NDArray[np.float32]:
        return np.array(self.emb[i])

    def image(self, i: int) -> bytes:
        return self.blob[self.ends[i] : self.ends[i + 1]]

    def embeddings(self, rows: list[int]) -> npt.NDArray[np.float32]:
        return self.emb[rows]

    def images(self, rows: list[int]) -> list[bytes]:
        return [self.image(i) for i in rows]

    def batches(self, size: int) -> Iterator[dict[str, npt.NDArray[np.generic]]]:
        """Label and embedding in order, each batch a copy: the npy floor of the peers' table.

        As one writes it: slices of what `np.load(mmap_mode="r")` returns.
        """
        emb = np.load(f"{self.folder}/emb.npy", mmap_mode="r")
        label = np.load(f"{self.folder}/label.npy", mmap_mode="r")
        yield from _copied(label, emb, size)

    def batches_of_views(self, size: int) -> Iterator[dict[str, npt.NDArray[np.generic]]]:
        """The same through plain views, which spare a microsecond a slice: the tightest floor."""
        yield from _copied(self.label, self.emb, size)


def _copied(
    label: npt.NDArray[np.int64], emb: npt.NDArray[np.float32], size: int
) -> Iterator[dict[str, npt.NDArray[np.generic]]]:
    for at in range(0, len(label), size):
        yield {
            "label": np.array(label[at : at + size]),
            "emb": np.array(emb[at : at + size]),
        }


class RawCreate:
    """Durable creation of one file per call: the cheapest thing a commit could be.

    Nameless file, fdatasync, link, fsync of the folder: four system calls that wait.
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self.made = 0

    def __call__(self, body: bytes) -> None:
        self.made += 1
        file = os.open(self.folder, os.O_WRONLY | os.O_TMPFILE, 0o644)
        os.write(file, body)
        os.fdatasync(file)
        os.link(
            f"/proc/self/fd/{file}",
            f"{self.made:08d}",
            src_dir_fd=self.descriptor,
            dst_dir_fd=self.descriptor,
            follow_symlinks=True,
        )
        os.close(file)
        os.fsync(self.descriptor)


FIRST_ROW = """
import sys
import numpy as np
folder = sys.argv[1]
label = int(np.load(f"{folder}/label.npy", mmap_mode="r")[0])
emb = np.array(np.load(f"{folder}/emb.npy", mmap_mode="r")[0])
row = {"label": label, "emb": emb}
for name in ("image", "text"):
    ends = np.load(f"{folder}/{name}.npy", mmap_mode="r")
    with open(f"{folder}/{name}.bin", "rb") as file:
        file.seek(int(ends[0]))
        row[name] = file.read(int(ends[1] - ends[0]))
assert len(row["emb"]) == 512 and row["image"][:2] == b"\\xff\\xd8"
"""
"""A fresh process that reads the first row of the floor: the program of the cold figure."""
