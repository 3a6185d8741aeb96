"""Audio: encoded files kept as they are, with what their container says beside them."""

from __future__ import annotations

from typing import Any

from deeplake.types.base import Extra, VarLayout
from deeplake.types.demux import broken, first_stream, reason
from deeplake.types.media import Facts, Media, not_media
from deeplake.types.variable import raw_bytes


class Audio(Media):
    """Audio files. A cell is the file's bytes.

    Extras of a row, from the container, nothing decoded: `shape` (samples or -1, channels),
    `codec` and `container` (codes of `demux.py`), `rate` (samples a second) and `duration_us`
    (-1 if unknown). Compressed formats tell their length to within a codec frame.
    """

    name = "audio"
    layout = VarLayout(
        extras=(
            Extra("shape", "<i8", 2),
            Extra("codec", "|u1"),
            Extra("container", "|u1"),
            Extra("rate", "<u4"),
            Extra("duration_us", "<i8"),
        )
    )

    def probe(self, payload: bytes, *, column: str, row: int) -> Facts:
        """The extras of one file."""
        try:
            found = first_stream(payload, "audio")
        except broken() as error:
            raise not_media("audio", payload, reason(error), column=column, row=row) from error
        shape = (found.length, found.channels)
        return shape, found.codec, found.container, int(found.rate), found.duration_us

    def cell(self, raw: Any) -> bytes:
        """The file's bytes."""
        return raw_bytes(raw[0])
