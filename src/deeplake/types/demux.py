"""What a video or audio container says about its streams, read without decoding.

Opens only the containers listed here: FFmpeg also knows playlists, which would make it open
other files and addresses. Knows no column.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.types.media import needs

if TYPE_CHECKING:
    from fractions import Fraction

# Codes in files: docs/SPEC.md. Added to, never renumbered. 255 is a name not listed.
CONTAINERS: dict[str, int] = {
    "mp4": 1,
    "matroska": 2,
    "avi": 3,
    "mpegts": 4,
    "mpeg": 5,
    "flv": 6,
    "asf": 7,
    "ogg": 8,
    "gif": 9,
    "wav": 10,
    "flac": 11,
    "mp3": 12,
    "aac": 13,
    "aiff": 14,
    "caf": 15,
    "au": 16,
    "amr": 17,
}
CODECS: dict[str, int] = {
    "h264": 1,
    "hevc": 2,
    "vp8": 3,
    "vp9": 4,
    "av1": 5,
    "mpeg4": 6,
    "mpeg2video": 7,
    "mpeg1video": 8,
    "mjpeg": 9,
    "prores": 10,
    "gif": 11,
    "theora": 12,
    "aac": 64,
    "mp3": 65,
    "opus": 66,
    "vorbis": 67,
    "flac": 68,
    "alac": 69,
    "ac3": 70,
    "eac3": 71,
    "pcm": 72,
    "amr_nb": 73,
    "amr_wb": 74,
}
OTHER = 255
_FFMPEG_NAMES = {"mov": "mp4"}
_WHITELIST = "mov,mp4,m4a,3gp,3g2,mj2,webm," + ",".join(CONTAINERS)
_MICROS = 1_000_000


class Stream(NamedTuple):
    """The first video or audio stream of a file. Unknown lengths are -1, unknown rates 0.

    `length` and `rate` count frames (video) or samples (audio), `rate` those a second.
    """

    container: int
    codec: int
    length: int
    rate: Fraction | int
    duration_us: int
    height: int = 0
    width: int = 0
    channels: int = 0


class NoSuchStreamError(ValueError):
    """A file has no stream of the kind asked for; internal, callers turn it into MediaError."""


def first_stream(payload: bytes, kind: str) -> Stream:
    """The first stream of `kind`, "video" or "audio"; cover art is no video.

    Raises:
        ValueError, OSError or another error of FFmpeg (`broken()`): on bytes that are no
            container, or one without such a stream.
    """
    av = _av()
    options = {"format_whitelist": _WHITELIST}
    with av.open(BytesIO(payload), container_options=options, metadata_errors="replace") as file:
        streams = [s for s in file.streams if s.type == kind and not _is_cover(s)]
        if not streams:
            raise NoSuchStreamError(f"it has no {kind} stream")
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            raise NoSuchStreamError(f"FFmpeg does not know the codec of its {kind} stream")
        name = file.format.name.partition(",")[0]
        duration_us = _duration_us(stream, file)
        facts = {
            "container": CONTAINERS.get(_FFMPEG_NAMES.get(name, name), OTHER),
            "codec": _codec(context),
            "duration_us": duration_us,
        }
        if kind == "video":
            rate = stream.average_rate or stream.guessed_rate or 0
            length = stream.frames or -1
            size = {"height": context.height, "width": context.width}
            return Stream(length=length, rate=rate, **facts, **size)
        length = -1 if duration_us < 0 else _samples(stream, duration_us)
        return Stream(length=length, rate=stream.rate or 0, channels=context.channels, **facts)


def broken() -> tuple[type[Exception], ...]:
    """What PyAV raises on bytes it cannot read."""
    error: type[Exception] = _av().FFmpegError
    return error, ValueError, OSError, IndexError


def reason(error: Exception) -> str:
    """What FFmpeg says is wrong, without its numbers."""
    return getattr(error, "strerror", None) or str(error)


def _is_cover(stream: Any) -> bool:
    """Whether a stream is the picture that comes with a song."""
    flags = getattr(stream.disposition, "attached_pic", None)
    return bool(flags and stream.disposition & flags)


def _codec(context: Any) -> int:
    name = getattr(context.codec, "canonical_name", None) or context.name
    return CODECS["pcm"] if name.startswith("pcm_") else CODECS.get(name, OTHER)


def _duration_us(stream: Any, file: Any) -> int:
    if stream.duration is not None and stream.time_base is not None:
        micros: int = round(stream.duration * stream.time_base * _MICROS)
        return micros
    return -1 if file.duration is None else int(file.duration)


def _samples(stream: Any, duration_us: int) -> int:
    if stream.duration is not None and stream.time_base is not None:
        samples: int = round(stream.duration * stream.time_base * stream.rate)
    else:
        samples = round(duration_us * stream.rate / _MICROS)
    return samples


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise needs("av", "reading video and audio", error) from error
    return av
