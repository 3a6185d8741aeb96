"""Videos: encoded files kept as they are, with what their container says beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.types.base import Extra, VarLayout
from deeplake.types.demux import broken, first_stream, reason
from deeplake.types.media import Facts, Media, not_media
from deeplake.types.variable import raw_bytes

if TYPE_CHECKING:
    from fractions import Fraction

_CHANNELS = 3  # frames decode to RGB


class Video(Media):
    """Video files. A cell is the file's bytes.

    Extras of a row, from the container, nothing decoded: `shape` (frames or -1, height, width,
    3), `codec` and `container` (codes of `demux.py`), `fps` (numerator, denominator; 0/1 if
    unknown) and `duration_us` (-1 if unknown).
    """

    name = "video"
    layout = VarLayout(
        extras=(
            Extra("shape", "<i8", 4),
            Extra("codec", "|u1"),
            Extra("container", "|u1"),
            Extra("fps", "<u4", 2),
            Extra("duration_us", "<i8"),
        )
    )

    def probe(self, payload: bytes, *, column: str, row: int) -> Facts:
        """The extras of one file."""
        try:
            found = first_stream(payload, "video")
        except broken() as error:
            raise not_media("video", payload, reason(error), column=column, row=row) from error
        shape = (found.length, found.height, found.width, _CHANNELS)
        return shape, found.codec, found.container, _ratio(found.rate), found.duration_us

    def cell(self, raw: Any) -> bytes:
        """The file's bytes."""
        return raw_bytes(raw[0])


def _ratio(rate: Fraction | int) -> tuple[int, int]:
    limit = (1 << 32) - 1
    if max(rate.numerator, rate.denominator) > limit:
        return 0, 1
    return rate.numerator, rate.denominator
