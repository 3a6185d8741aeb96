"""Images: what is kept, what is encoded, what is probed, what is refused."""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from deeplake import types
from deeplake.errors import DependencyError, DtypeError, MediaError, SourceNotFoundError
from deeplake.testing.column_data import same
from deeplake.types.image import CODECS, decode

if TYPE_CHECKING:
    from deeplake.types.base import VarData

NOISE = np.random.default_rng(0).integers(0, 255, (24, 32, 4), dtype=np.uint8)


def file_of(mode: str, format_: str, size: tuple[int, int] = (5, 3), **options: Any) -> bytes:
    """A small picture of one colour, written by Pillow."""
    out = io.BytesIO()
    PIL.Image.new(mode, size, 1).save(out, format_, **options)
    return out.getvalue()


def one(value: Any, type_: types.Image | None = None) -> tuple[VarData, Any]:
    """The data of one row and its decoded pixels."""
    type_ = type_ or types.Image()
    data = type_.normalise([value], column="image")
    return data, type_.values(data)[0]


@pytest.mark.parametrize(
    ("mode", "format_", "codec", "channels"),
    [
        ("RGB", "JPEG", "jpeg", 3),
        ("L", "JPEG", "jpeg", 1),
        ("CMYK", "JPEG", "jpeg", 3),
        ("RGB", "MPO", "jpeg", 3),
        ("1", "PNG", "png", 1),
        ("L", "PNG", "png", 1),
        ("LA", "PNG", "png", 4),
        ("P", "PNG", "png", 3),
        ("RGB", "PNG", "png", 3),
        ("RGBA", "PNG", "png", 4),
        ("I;16", "PNG", "png", 1),
        ("RGB", "WEBP", "webp", 3),
        ("RGBA", "WEBP", "webp", 4),
        ("P", "GIF", "gif", 3),
        ("L", "GIF", "gif", None),
        ("RGB", "BMP", "bmp", 3),
        ("RGB", "TIFF", "tiff", 3),
        ("CMYK", "TIFF", "tiff", 3),
        ("I;16", "TIFF", "tiff", 1),
        ("RGB", "JPEG2000", "jpeg2000", 3),
        ("RGB", "PPM", "ppm", 3),
        ("RGBA", "ICO", "ico", 4),
    ],
)
def test_a_file_is_kept_and_its_probed_shape_is_that_of_its_pixels(
    mode: str, format_: str, codec: str, channels: int | None
) -> None:
    payload = file_of(mode, format_)
    data, pixels = one(payload)
    assert data.buffers[0] is payload
    assert data.extras[1].tolist() == [CODECS[codec]]
    assert data.extras[0][0].tolist() == list(pixels.shape)
    assert pixels.shape[2] == (channels or pixels.shape[2])
    assert pixels.dtype == (np.uint16 if mode == "I;16" else np.uint8)
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


def test_a_transparent_palette_decodes_to_four_channels() -> None:
    assert one(file_of("P", "PNG", transparency=1))[1].shape == (3, 5, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_pixels_are_those_of_the_decoder(channels: int) -> None:
    space = "RGB" if channels == 3 else "GRAY"
    pixels = np.ascontiguousarray(NOISE[:, :, :channels])
    payload = simplejpeg.encode_jpeg(
        pixels, colorspace=space, colorsubsampling="444" if channels == 3 else "Gray"
    )
    assert np.array_equal(one(payload)[1], simplejpeg.decode_jpeg(payload, space))


def test_exif_rotation_is_not_applied() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    payload = file_of("RGB", "JPEG", exif=exif)
    data, pixels = one(payload)
    assert data.extras[0].tolist() == [[3, 5, 3]] == [list(pixels.shape)]


def test_arrays_and_pil_images_are_stored_without_loss() -> None:
    for pixels in (NOISE, NOISE[:, :, :3], NOISE[:, :, :1], NOISE[:, :, 0], NOISE[::2, ::3, :3]):
        assert np.array_equal(one(pixels)[1].reshape(pixels.shape), pixels)
    gray16 = NOISE[:, :, 0].astype(np.uint16) * 257
    assert np.array_equal(one(gray16)[1][:, :, 0], gray16)
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        image = PIL.Image.fromarray(NOISE).convert(mode)
        found = one(image)[1]
        wanted = {"1": "L", "P": "RGB", "LA": "RGBA"}.get(mode, mode)
        assert np.array_equal(found.squeeze(), np.asarray(image.convert(wanted)))
    assert np.array_equal(one(PIL.Image.fromarray(gray16))[1][:, :, 0], gray16)
    with pytest.raises(
        DtypeError, match=r"mode 'CMYK' is not stored without loss. .*convert\('RGB'\)"
    ):
        one(PIL.Image.new("CMYK", (2, 2)))


def test_a_declared_encoding_is_used_for_arrays_only() -> None:
    jpeg = types.Image(encoding="jpeg", quality=50)
    data, pixels = one(NOISE[:, :, :3], jpeg)
    assert data.extras[1].tolist() == [CODECS["jpeg"]]
    assert pixels.shape == (24, 32, 3)
    assert len(data.buffers[0]) < len(
        one(NOISE[:, :, :3], types.Image(encoding="jpeg"))[0].buffers[0]
    )
    assert one(NOISE[:, :, 0], jpeg)[1].shape == (24, 32, 1)
    png = file_of("RGB", "PNG")
    assert one(png, jpeg)[0].buffers[0] is png
    webp, exact = one(NOISE, types.Image(encoding="webp"))
    assert webp.extras[1].tolist() == [CODECS["webp"]]
    assert exact.shape == NOISE.shape
    opaque = NOISE[:, :, :3]
    assert np.array_equal(one(opaque, types.Image(encoding="webp"))[1], opaque), "lossless"
    for bad, encoding in (
        (NOISE, "jpeg"),
        (NOISE[:, :, 0], "webp"),
        (NOISE[:, :, 0].astype("u2"), "jpeg"),
    ):
        with pytest.raises(DtypeError, match=f"cannot be encoded as {encoding}"):
            one(bad, types.Image(encoding=encoding))


def test_a_single_file_is_a_batch_of_one() -> None:
    for kind in ("PNG", "JPEG"):
        file = file_of("RGB", kind)
        plain = types.Image().single(file, column="image")
        assert plain is not None
        assert same(plain, types.Image().normalise([file], column="image"))


def test_paths_and_open_files_are_read(tmp_path: Path) -> None:
    payload = file_of("RGB", "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(payload)
    with path.open("rb") as file:
        for value in (
            str(path),
            path,
            file,
            io.BytesIO(payload),
            bytearray(payload),
            memoryview(payload),
            np.frombuffer(payload, "u1"),
        ):
            assert one(value)[0].buffers[0] == payload
        assert not file.closed


def test_a_path_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    cases = [
        (str(tmp_path / "no.png"), "No such file"),
        (tmp_path, "Is a directory"),
        ("https://example.org/cat.png", "No such file"),
        ("a\0b", "null"),
    ]
    for value, words in cases:
        with pytest.raises(
            SourceNotFoundError, match=rf"column 'image', row 1: cannot read .*{words}"
        ):
            types.Image().normalise([None, value], column="image")
    with pytest.raises(DtypeError, match="row 0: the file is open as text. Open it with mode 'rb'"):
        one(io.StringIO("x"))


def test_formats_that_run_other_programs_are_refused() -> None:
    eps = file_of("RGB", "EPS")
    with pytest.raises(MediaError, match="no known image format"):
        one(eps)


def test_float_pictures_are_refused() -> None:
    with pytest.raises(MediaError, match="pixels of mode F do not fit 8 bits a channel"):
        one(file_of("F", "TIFF"))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_file_that_breaks_off_fails_when_it_is_read(format_: str) -> None:
    out = io.BytesIO()
    PIL.Image.fromarray(NOISE[:, :, :3]).save(out, format_)
    payload = out.getvalue()
    with pytest.raises(MediaError):
        decode(payload[: len(payload) // 2])


def test_a_jpeg_with_stray_bytes_is_still_read() -> None:
    payload = simplejpeg.encode_jpeg(np.ascontiguousarray(NOISE[:, :, :3]))
    stray = payload[:-2] + b"\x00" * 20 + payload[-2:]
    assert one(stray)[1].shape == (24, 32, 3)


@given(
    st.binary(max_size=60),
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000"]),
)
def test_damaged_files_give_pixels_or_a_media_error(noise: bytes, format_: str) -> None:
    good = file_of("RGB", format_)
    at = (noise[0] if noise else 0) % len(good)
    damaged = good[:at] + noise + good[at + len(noise) :]
    try:
        data, pixels = one(damaged)
    except MediaError:
        return
    assert list(pixels.shape) == data.extras[0][0].tolist()


def test_a_header_that_claims_too_many_pixels_is_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deeplake.settings.IMAGE_PIXELS_MAX", 14)
    for format_ in ("JPEG", "PNG"):
        with pytest.raises(MediaError, match="row 0: .*its header says 3 x 5, over 14 pixels"):
            one(file_of("RGB", format_))


def test_pillows_own_limit_is_a_media_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 4)
    with pytest.raises(MediaError, match="DecompressionBombError"):
        one(file_of("RGB", "PNG"))


def test_pixels_go_straight_into_a_slot_of_a_batch() -> None:
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(NOISE[:, :, :3]))
    png = bytes(one(NOISE[:, :, :3])[0].buffers[0])
    batch = np.zeros((2, 24, 32, 3), np.uint8)
    for slot, payload in zip(batch, (jpeg, png), strict=True):
        assert decode(payload, slot) is slot
        assert np.array_equal(slot, decode(payload))
    with pytest.raises(MediaError, match=r"a uint8 array of shape \(24, 32, 3\), not a uint8"):
        decode(jpeg, np.zeros((1, 1, 3), np.uint8))


def test_threads_decode_side_by_side() -> None:
    payloads = [file_of("RGB", f, size=(64, 64)) for f in ("JPEG", "PNG", "WEBP")] * 4
    wanted = [decode(p) for p in payloads]
    found: list[Any] = [None] * len(payloads)

    def work(index: int) -> None:
        found[index] = decode(payloads[index])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(payloads))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_stored_bytes_come_back_as_they_are() -> None:
    payload = file_of("RGB", "JPEG")
    type_ = types.Image()
    data = type_.normalise([payload, None], column="image")
    assert type_.encoded(data) == [payload, None]
    assert type_.to_arrow(data).to_pylist() == [payload, None]


def test_jpeg_is_read_by_pillow_where_simplejpeg_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payload = simplejpeg.encode_jpeg(np.ascontiguousarray(NOISE[:, :, :3]))
    fast = one(payload)[1].astype(int)
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    data, pixels = one(payload)
    assert data.extras[0].tolist() == [[24, 32, 3]]
    assert np.abs(pixels.astype(int) - fast).max() <= 4, "two decoders round differently"
    with pytest.raises(DependencyError, match="pip install 'deeplake\\[media\\]'"):
        one(NOISE[:, :, :3], types.Image(encoding="jpeg"))


def test_a_missing_file_in_a_list_names_row_and_item() -> None:
    type_ = types.List("image")
    png = file_of("RGB", "PNG")
    with pytest.raises(
        SourceNotFoundError, match="column 'c', row 2: item 1: cannot read '/no.png'"
    ):
        type_.normalise([[png], None, [png, "/no.png"]], column="c")
