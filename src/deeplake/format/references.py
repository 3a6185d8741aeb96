"""Frames whose values lie elsewhere: media that a compaction does not copy. SPEC section "Frames".

Such a frame has offsets, checksums and extras of its own, as every frame of media; its values are
runs of bytes of other objects, one run where neighbours lie side by side, or its own payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import frame as f
from deeplake.format.keys import OBJECT_ID_BYTES
from deeplake.types.data import offsets_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from deeplake.types.base import Buffer, VarLayout

    Ints = npt.NDArray[np.int64]

HERE = bytes(OBJECT_ID_BYTES)
"""The home of values in the frame's own payload; no pack has this id."""

RUN_DTYPE = np.dtype([("row", "<u4"), ("zero", "<u4"), ("offset", "<u8"), ("object", "V16")])


class Values(NamedTuple):
    """Where each value of a column of media lies.

    Row k has `sizes[k]` bytes at `starts[k]` of the object `homes[at[k]]`, or is `held[k]`, or is
    an object of its own: `externals[k]` is (object id, crc, length), its size 0 then.
    """

    homes: tuple[bytes, ...]
    at: Ints
    starts: Ints
    sizes: Ints
    sums: npt.NDArray[np.uint32]
    valid: npt.NDArray[np.bool_] | None
    extras: tuple[npt.NDArray[Any], ...]
    externals: Mapping[int, tuple[bytes, int, int]]
    held: Mapping[int, Buffer]


class Run(NamedTuple):
    """Rows from `row` on lie one behind the other from byte `offset` of an object."""

    row: int
    offset: int
    home: bytes


def encode(layout: VarLayout, values: Values) -> f.EncodedFrame:
    """One frame; only what is held goes into its payload."""
    assert all(len(home) == OBJECT_ID_BYTES for home in values.homes)  # a slot would be cut short
    build = f.IndexBuilder()
    rows = len(values.sizes)
    if values.valid is not None and not values.valid.all():
        build.inline(f.VALIDITY, 0, np.packbits(values.valid, bitorder="little").tobytes())
    offsets = offsets_of(values.sizes)
    width = "<u4" if int(offsets[-1]) < 1 << 32 else "<u8"
    build.inline(f.OFFSETS, 0, offsets.astype(width).tobytes())
    held = [values.held[row] for row in sorted(values.held)]
    build.payload(f.VALUES, 0, [part for part in held if len(part)], sum(map(len, held)))
    build.inline(f.CHECKSUMS, 0, values.sums.astype("<u4").tobytes())
    runs = runs_of(values)
    if any(run.home != HERE for run in runs):
        records = [(run.row, 0, run.offset, run.home) for run in runs]
        build.inline(f.REFERENCES, 0, np.array(records, RUN_DTYPE).tobytes())
    for k, (extra, array) in enumerate(zip(layout.extras, values.extras, strict=True)):
        build.inline(f.EXTRA + k, 0, np.ascontiguousarray(array, extra.dtype).tobytes())
    if values.externals:
        table = [
            (row, crc, length, object_id)
            for row, (object_id, crc, length) in sorted(values.externals.items())
        ]
        build.inline(f.EXTERNAL, 0, np.array(table, f.EXTERNAL_DTYPE).tobytes())
    return build.finish(rows, 0)


def runs_of(values: Values) -> list[Run]:
    """The values as runs, those that are held at the places that `encode` gives them."""
    at, starts = values.at.copy(), values.starts.copy()
    if values.held:
        rows = np.array(sorted(values.held), np.int64)
        at[rows] = len(values.homes)
        starts[rows] = offsets_of(values.sizes[rows])[:-1]
    rows = np.flatnonzero(values.sizes)
    at, starts, stops = at[rows], starts[rows], starts[rows] + values.sizes[rows]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = (at[1:] != at[:-1]) | (starts[1:] != stops[:-1])
    first = rows[fresh]
    first[:1] = 0
    homes = (*values.homes, HERE)
    return [
        Run(row, offset, homes[home])
        for row, offset, home in zip(
            first.tolist(), starts[fresh].tolist(), at[fresh].tolist(), strict=True
        )
    ]


def decode_runs(index: f.FrameIndex, rows: int) -> list[Run]:
    """The runs of a frame's index.

    Raises:
        MalformedObjectError: they do not begin with row 0 and grow.
    """
    table = index.small(f.REFERENCES, RUN_DTYPE)
    found = [] if table is None else [Run(r, at, bytes(home)) for r, _, at, home in table.tolist()]
    starts = [run.row for run in found]
    if not found or starts[0] or starts != sorted(set(starts)) or starts[-1] >= rows:
        raise MalformedObjectError(f"the references of {index.where} do not fit its {rows} rows")
    return found


def joined(parts: Sequence[Values]) -> Values:
    """Values of several runs of rows, one run after the other. Needs at least one."""
    if len(parts) == 1:
        return parts[0]
    homes: dict[bytes, int] = {}
    at, externals, held, first = [], {}, {}, 0
    for part in parts:
        numbers = np.array([homes.setdefault(h, len(homes)) for h in part.homes] or [0], np.int64)
        at.append(numbers[part.at])
        externals.update({row + first: found for row, found in part.externals.items()})
        held.update({row + first: value for row, value in part.held.items()})
        first += len(part.sizes)
    valid = None
    if any(part.valid is not None for part in parts):
        valid = np.concatenate(
            [np.ones(len(p.sizes), np.bool_) if p.valid is None else p.valid for p in parts]
        )
    return Values(
        tuple(homes), np.concatenate(at),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.sums for part in parts]),
        valid, _joined_extras([part.extras for part in parts]), externals, held,
    )  # fmt: skip


def _joined_extras(parts: Sequence[tuple[npt.NDArray[Any], ...]]) -> tuple[npt.NDArray[Any], ...]:
    from deeplake.types.base import VarData
    from deeplake.types.data import concat

    rows = [len(extras[0]) if extras else 0 for extras in parts]
    pieces = [
        VarData(np.zeros(n + 1, np.int64), [], None, extras)
        for n, extras in zip(rows, parts, strict=True)
    ]
    whole = concat(pieces)
    assert isinstance(whole, VarData)
    return whole.extras


def taken(values: Values, rows: Ints) -> Values:
    """Values of some rows, in the order given."""
    wanted = rows.tolist() if values.externals or values.held else []
    return values._replace(
        at=values.at[rows],
        starts=values.starts[rows],
        sizes=values.sizes[rows],
        sums=values.sums[rows],
        valid=None if values.valid is None else values.valid[rows],
        extras=tuple(extra[rows] for extra in values.extras),
        externals={k: values.externals[r] for k, r in enumerate(wanted) if r in values.externals},
        held={k: values.held[r] for k, r in enumerate(wanted) if r in values.held},
    )
