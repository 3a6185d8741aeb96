"""Video and audio: real files of a few frames, probed without decoding."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from deeplake import types
from deeplake.errors import DtypeError, MediaError
from deeplake.testing.column_data import check_layout
from deeplake.types.demux import CODECS, CONTAINERS

av = pytest.importorskip("av")


@cache
def video(
    container: str, codec: str, frames: int = 5, rate: Fraction = Fraction(30000, 1001)
) -> bytes:
    """A film of gray frames, 48 x 64."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(frames):
            pixels = np.full((48, 64, 3), index * 20, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())
    return out.getvalue()


@cache
def audio(container: str, codec: str, samples: int = 1600, rate: int = 16_000) -> bytes:
    """Stereo silence."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo")
        silence = np.zeros((1, samples * 2), np.int16)
        frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
        frame.sample_rate = rate
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return out.getvalue()


def facts(type_: types.ColumnType, payload: Any) -> dict[str, Any]:
    """The extras of one row by name."""
    data: Any = type_.normalise([None, payload], column="m")
    layout: Any = type_.layout
    check_layout(data, layout, 2)
    pairs = zip(layout.extras, data.extras, strict=True)
    return {extra.name: values[1].tolist() for extra, values in pairs}


@pytest.mark.parametrize(
    ("container", "codec", "kept_as"),
    [
        ("mp4", "mpeg4", "mpeg4"),
        ("mov", "mpeg4", "mpeg4"),
        ("matroska", "mpeg4", "mpeg4"),
        ("webm", "libvpx", "vp8"),
        ("avi", "mpeg4", "mpeg4"),
    ],
)
def test_a_video_is_kept_with_what_its_container_says(
    container: str, codec: str, kept_as: str
) -> None:
    found = facts(types.Video(), video(container, codec))
    family = {"mov": "mp4", "webm": "matroska"}.get(container, container)
    counted = family != "matroska"  # Matroska does not say how many frames it has
    assert found["shape"] == [5 if counted else -1, 48, 64, 3]
    assert found["codec"] == CODECS[kept_as]
    assert found["container"] == CONTAINERS[family]
    assert found["fps"] == [30000, 1001]
    assert abs(found["duration_us"] - 166_833) < 1_000


@pytest.mark.parametrize(
    ("container", "codec", "kept_as", "exact"),
    [
        ("wav", "pcm_s16le", "pcm", True),
        ("flac", "flac", "flac", True),
        ("mp3", "mp3", "mp3", False),
        ("mp4", "aac", "aac", False),
        ("ogg", "libopus", "opus", False),
    ],
)
def test_audio_is_kept_with_what_its_container_says(
    container: str, codec: str, kept_as: str, exact: bool
) -> None:
    found = facts(types.Audio(), audio(container, codec))
    samples, channels = found["shape"]
    assert channels == 2
    assert found["codec"] == CODECS[kept_as]
    assert found["container"] == CONTAINERS[container]
    assert found["rate"] == (48_000 if kept_as == "opus" else 16_000)
    seconds = samples / found["rate"]
    assert seconds == 0.1 if exact else 0.1 <= seconds < 0.25
    assert abs(found["duration_us"] / 1e6 - seconds) < 1e-3


def test_stored_bytes_are_what_was_given(tmp_path: Path) -> None:
    payload = video("mp4", "mpeg4")
    path = tmp_path / "film.mp4"
    path.write_bytes(payload)
    type_ = types.Video()
    given = [payload, str(path), path, io.BytesIO(payload), None]
    data = type_.normalise(given, column="v")
    assert data.buffers[0] is payload
    assert type_.values(data) == [payload] * 4 + [None]
    assert type_.cell((memoryview(payload), ())) == payload


def test_arrow_binaries_are_probed_again() -> None:
    type_ = types.Audio()
    data = type_.normalise([audio("wav", "pcm_s16le"), None], column="a")
    again = type_.from_arrow(type_.to_arrow(data), column="a")
    assert type_.values(again) == type_.values(data)
    assert all((a == b).all() for a, b in zip(again.extras, data.extras, strict=True))


def png() -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", (4, 4)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("type_", "payload", "words"),
    [
        (types.Video(), b"garbage" * 10, "Invalid data"),
        (types.Video(), b"", "no video we can read"),
        (types.Video(), audio("wav", "pcm_s16le"), "it has no video stream"),
        (types.Audio(), video("mp4", "mpeg4"), "it has no audio stream"),
        (types.Audio(), video("mp4", "mpeg4")[:100], "no audio we can read"),
        (types.Video(), png(), "no video we can read"),
    ],
    ids=["garbage", "empty", "audio-as-video", "video-as-audio", "cut-off", "picture"],
)
def test_other_bytes_are_refused(type_: types.ColumnType, payload: bytes, words: str) -> None:
    with pytest.raises(MediaError, match=f"column 'm', row 1: .*{words}"):
        type_.normalise([None, payload], column="m")


def test_a_playlist_cannot_make_us_open_other_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(video("mp4", "mpeg4"))
    playlists = [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ]
    for playlist in playlists:
        with pytest.raises(MediaError):
            types.Video().normalise([playlist.encode()], column="v")


def test_arrays_are_no_video_yet() -> None:
    with pytest.raises(DtypeError, match="Give encoded bytes, a path or an open file"):
        types.Video().normalise([np.zeros((2, 4, 4, 3), np.uint8)], column="v")
