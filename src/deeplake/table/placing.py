"""Where what a transaction wrote ends up: in packs, or in the payload of its commit slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from deeplake.format.fragment import (
    BitmapRef,
    ColumnChunk,
    Fragment,
    FrameRef,
    Overlay,
    Run,
    object_ids,
)
from deeplake.format.keys import OBJECT_ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from deeplake.format.tree import Record
    from deeplake.table.packs import Inline
    from deeplake.versioning.staged import TableChange

    Found = TypeVar("Found", Record, Fragment, Record | Fragment)


def in_slot(found: Found, inline: Inline | None) -> Found:
    """A fragment with what rides in the slot addressed there; a record as it is."""
    if inline is None or not inline.bases or not isinstance(found, Fragment):
        return found  # nothing rides there
    return final(found, 0, inline)


def required(changes: Sequence[TableChange], written: Collection[str] = ()) -> tuple[str, ...]:
    """The features that a reader of these changes needs, `written` those of their frames."""
    found = set(written)
    for change in changes:
        if change.schema is not None and change.schema.evolved:
            found.add("evolution")
        if (
            not change.replaced
            and not change.appended
            and not any(fragment.overlays or fragment.deletion for fragment in change.fragments)
        ):
            continue
        new = [*(f for found in change.replaced.values() for f in found), *change.appended]
        edited = [f for f in new if isinstance(f, Fragment)]
        for fragment in (*change.fragments, *edited):
            if fragment.overlays:
                found.add("overlays")
            if fragment.deletion is not None:
                found.add("deletions")
        if any(len(o) != OBJECT_ID_BYTES for f in edited for o in object_ids(f) if o):
            found.add("slots")
    return tuple(sorted(found))


def final(fragment: Fragment, first_row: int, inline: Inline | None) -> Fragment:
    """Row ids counted over the whole transaction; frames of a small one addressed in its slot."""
    rows, row_ids, versions, columns, base, overlays, deletion = fragment
    runs = tuple([Run(start + first_row, count) for start, count in row_ids])
    if inline is None:
        return Fragment(rows, runs, versions, columns, base, overlays, deletion)
    placed = tuple([
        ColumnChunk(
            chunk.column_id, _frames(chunk.frames, inline.bases), chunk.statistics,
            chunk.versions, chunk.generation,
        )
        for chunk in columns
    ])  # fmt: skip
    if overlays or deletion is not None:
        overlays = tuple(_moved(overlay, inline.bases) for overlay in overlays)
        if deletion is not None:
            (bitmap,) = _bitmaps([deletion.bitmap], inline.bases)
            deletion = deletion._replace(bitmap=bitmap)
    return Fragment(rows, runs, versions, placed, base, overlays, deletion)


def _frames(frames: tuple[FrameRef, ...], bases: Mapping[bytes, int]) -> tuple[FrameRef, ...]:
    """Frames of packs that ride in the slot; others stay where they are."""
    return tuple([
        FrameRef(b"", rows, offset + bases[object_id], *sizes)
        if object_id in bases
        else FrameRef(object_id, rows, offset, *sizes)
        for object_id, rows, offset, *sizes in frames
    ])  # fmt: skip


def _bitmaps(refs: Sequence[BitmapRef], bases: Mapping[bytes, int]) -> list[BitmapRef]:
    return [
        ref._replace(object_id=b"", offset=ref.offset + bases[ref.object_id])
        if ref.object_id in bases
        else ref
        for ref in refs
    ]


def _moved(overlay: Overlay, bases: Mapping[bytes, int]) -> Overlay:
    (bitmap,), (values,) = _bitmaps([overlay.bitmap], bases), _frames((overlay.values,), bases)
    return overlay._replace(bitmap=bitmap, values=values)
