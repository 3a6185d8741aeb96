"""Images: encoded files kept as they are, arrays and PIL images encoded without loss.

A cell decodes to height x width x channels, uint8 (uint16 for 16-bit grayscale). EXIF rotation
is not applied, so pixels and stored shape agree; of an animation the first frame is decoded.
Headers are read at ingest, pixels never: a file that breaks off later fails when it is read.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import DependencyError, DimensionError, DtypeError, MediaError, SchemaError
from deeplake.loading import later
from deeplake.types.base import Extra, VarData, VarLayout
from deeplake.types.media import Facts, Media, needs, not_media
from deeplake.types.variable import raw_bytes

if TYPE_CHECKING:
    from types import ModuleType

    from deeplake.types import data as columnar
    from deeplake.types import rows as given
    from deeplake.types.base import AnyArray, Buffer, ColumnData
else:
    given = later("deeplake.types.rows")
    columnar = later("deeplake.types.data")

# Code of each codec in files: docs/SPEC.md. Added to, never renumbered.
CODECS: dict[str, int] = {
    "jpeg": 1,
    "png": 2,
    "webp": 3,
    "gif": 4,
    "bmp": 5,
    "tiff": 6,
    "jpeg2000": 7,
    "avif": 8,
    "ppm": 9,
    "ico": 10,
}
_ENCODINGS = (None, "png", "jpeg", "webp")
_JPEG_MAGIC = b"\xff\xd8\xff"


class Image(Media):
    """Still images.

    Args:
        encoding: of arrays and PIL images: "png" (also if None), "jpeg" or "webp". Values that
            come encoded keep their bytes whatever this says.
        quality: 1 to 100 for JPEG and WebP; None is 90 for JPEG and lossless for WebP.

    >>> data = Image().normalise([np.zeros((2, 3, 3), np.uint8)], column="image")
    >>> data.extras[0].tolist()
    [[2, 3, 3]]
    """

    name = "image"
    layout = VarLayout(extras=(Extra("shape", "<u4", 3), Extra("codec", "|u1")))
    decodes = True

    def __init__(self, encoding: str | None = None, quality: int | None = None) -> None:
        if encoding not in _ENCODINGS:
            raise SchemaError(f"an image encoding is png, jpeg or webp, got {encoding!r}.")
        if quality is not None and (encoding in (None, "png") or not 1 <= quality <= 100):
            raise SchemaError(f"quality {quality!r} is for jpeg and webp, from 1 to 100.")
        self.encoding, self.quality = encoding, quality

    def options(self) -> dict[str, Any]:
        """Encoding and quality, where given."""
        given = {"encoding": self.encoding, "quality": self.quality}
        return {key: value for key, value in given.items() if value is not None}

    def with_options(self, options: dict[str, Any]) -> Image:
        """Inverse of `options`."""
        rest = dict(options)
        encoding, quality = rest.pop("encoding", None), rest.pop("quality", None)
        super().with_options(rest)
        return Image(encoding, quality)

    def probe(self, payload: bytes, *, column: str, row: int) -> Facts:
        """((height, width, channels), codec code), pixels not decoded."""
        if payload.startswith(_JPEG_MAGIC):
            shape = _jpeg_shape(payload)
            if shape is not None:
                _check_pixels(shape, payload, column=column, row=row)
                return shape, CODECS["jpeg"]
        try:
            image, codec = _open(payload)
            with image:
                shape = (image.height, image.width, _target(image)[1])
        except _broken() as error:
            raise not_media("image", payload, _why(error), column=column, row=row) from error
        _check_pixels(shape, payload, column=column, row=row)
        return shape, codec

    def cell(self, raw: Any) -> AnyArray:
        """The decoded pixels, uint8 or uint16 (height, width, channels), C-contiguous."""
        return decode(raw[0])

    def slots(self, data: ColumnData) -> AnyArray | None:
        """uint8 (rows, height, width, channels) if every image has that shape.

        None also for gray images that are no JPEG: these may have 16 bits.
        """
        assert isinstance(data, VarData)
        shapes, codecs = data.extras
        if not len(shapes) or (shapes != shapes[0]).any():
            return None
        if shapes[0, 2] == 1 and (codecs != CODECS["jpeg"]).any():
            return None
        return np.empty((len(shapes), *shapes[0].tolist()), np.uint8)

    def fill(self, data: ColumnData, slots: AnyArray) -> None:
        """Decode each image straight into its slot."""
        assert isinstance(data, VarData)
        for payload, slot in zip(columnar.var_rows(data), slots, strict=True):
            decode(payload, slot)

    def encode(self, value: Any, *, column: str, row: int) -> bytes | None:
        """Pixels as a file of this column's encoding.

        Raises:
            DimensionError: unless height x width, or that x 1, 3 or 4 channels.
            DtypeError: unless uint8, or uint16 without channels.
        """
        pillow = sys.modules.get("PIL.Image")
        if pillow is not None and isinstance(value, pillow.Image):
            pixels = _pixels_of(value, column=column, row=row)
        elif isinstance(value, np.ndarray) or (
            hasattr(value, "__array__") and not hasattr(value, "read")
        ):
            pixels = given.array_of(value, column=column, row=row)
            if pixels.ndim == 1 and pixels.dtype == np.uint8:
                return None  # bytes of a file
        else:
            return None
        _check_array(pixels, column=column, row=row)
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[:, :, 0]
        encoding = self.encoding or "png"
        if (encoding == "jpeg" and (pixels.dtype != np.uint8 or pixels.shape[2:] == (4,))) or (
            encoding == "webp" and pixels.ndim == 2
        ):
            raise given.refusal(
                DtypeError,
                f"{given.shown(pixels)} cannot be encoded as {encoding}",
                column=column,
                row=row,
                hint="Use Image(encoding='png').",
            )
        return self._encoded(np.ascontiguousarray(pixels), encoding)

    def _encoded(self, pixels: AnyArray, encoding: str) -> bytes:
        if encoding == "jpeg":
            simplejpeg = _simplejpeg()
            gray = pixels.ndim == 2
            payload: bytes = simplejpeg.encode_jpeg(
                pixels[:, :, None] if gray else pixels,
                quality=self.quality or settings.IMAGE_QUALITY,
                colorspace="GRAY" if gray else "RGB",
                colorsubsampling="Gray" if gray else "444",
            )
            return payload
        from io import BytesIO

        out = BytesIO()
        image = _pillow().fromarray(pixels)
        if encoding == "webp":
            lossless = self.quality is None
            image.save(out, "WEBP", lossless=lossless, quality=self.quality or 80)
        else:
            image.save(out, "PNG", compress_level=settings.PNG_LEVEL)
        return out.getvalue()


def decode(payload: Buffer, out: AnyArray | None = None) -> AnyArray:
    """Pixels of an encoded image; releases the GIL while it decodes.

    Args:
        payload: the file's bytes.
        out: uint8 array of the image's own shape to decode into, such as a slot of a batch.

    Returns:
        `out`, or a new C-contiguous array (height, width, channels).

    Raises:
        MediaError: if the bytes cannot be decoded, or do not have the shape of `out`.
    """
    pixels = _decode_jpeg(payload, out)
    if pixels is None:
        content = raw_bytes(payload)
        try:
            image, _ = _open(content)
            with image:
                pixels = _to_array(image)
        except _broken() as error:
            raise MediaError(
                f"the image of {len(content):,} bytes cannot be decoded: {_why(error)}.",
                hint="`.encoded` gives its bytes as they were stored.",
            ) from error
    if out is None or pixels is out:
        return pixels
    if pixels.shape != out.shape or pixels.dtype != out.dtype:
        raise MediaError(f"the image is {given.shown(pixels)}, not {given.shown(out)}.")
    out[...] = pixels
    return out


def _decode_jpeg(payload: Buffer, out: AnyArray | None) -> AnyArray | None:
    """The fast path for ordinary JPEG; None for all else, which Pillow decodes or refuses."""
    if bytes(payload[:3]) != _JPEG_MAGIC:
        return None
    shape = _jpeg_shape(payload)
    if shape is None:
        return None
    try:
        simplejpeg = _simplejpeg()
        space = "GRAY" if shape[2] == 1 else "RGB"
        if out is not None and out.shape == shape and out.flags.c_contiguous:
            simplejpeg.decode_jpeg(payload, space, buffer=out)
            return out
        pixels: AnyArray = simplejpeg.decode_jpeg(payload, space)
        return pixels
    except ValueError:  # also harmless warnings: Pillow knows the difference
        return None


def _jpeg_shape(payload: Buffer) -> tuple[int, int, int] | None:
    """From the header in 1.2 us; None where Pillow has to look (CMYK, odd sampling, damage)."""
    try:
        height, width, space, _ = _simplejpeg().decode_jpeg_header(payload)
    except (ValueError, DependencyError):  # Pillow reads JPEG too, 10 times slower
        return None
    channels = {"Gray": 1, "YCbCr": 3, "RGB": 3}.get(space)
    return None if channels is None else (height, width, channels)


def _open(payload: bytes) -> tuple[Any, int]:
    """A lazily opened Pillow image and its codec, of the formats we list only.

    The list matters: Pillow also knows formats that run other programs (EPS).
    """
    from io import BytesIO

    pillow = _pillow()
    if not _FORMATS:
        pillow.init()
        known = {"MPO": CODECS["jpeg"], **{name.upper(): code for name, code in CODECS.items()}}
        _FORMATS.update({name: code for name, code in known.items() if name in pillow.OPEN})
    image = pillow.open(BytesIO(payload), formats=list(_FORMATS))
    return image, _FORMATS[image.format]


_FORMATS: dict[str, int] = {}


def _target(image: Any) -> tuple[str, int]:
    """The Pillow mode an image is decoded to, and its channels.

    Raises:
        ValueError: for modes that are no picture of 8 bits a channel or 16-bit gray.
    """
    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and image.format == "PNG"):
        return mode, 1
    if mode in ("1", "L"):
        return "L", 1
    if mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return "RGBA", 4
    if mode == "P":
        return ("RGBA", 4) if "transparency" in image.info else ("RGB", 3)
    if mode in ("RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"):
        return "RGB", 3
    raise ValueError(f"pixels of mode {mode} do not fit 8 bits a channel")


def _to_array(image: Any) -> AnyArray:
    mode, channels = _target(image)
    image.load()
    if mode.startswith("I"):
        return np.asarray(image).astype(np.uint16, order="C")[:, :, None]
    array = np.array(image if image.mode == mode else image.convert(mode))
    return array.reshape(image.height, image.width, channels)


def _pixels_of(image: Any, *, column: str, row: int) -> AnyArray:
    """A PIL image's pixels, if they can be stored without loss."""
    exact = {"1": "L", "LA": "RGBA", "PA": "RGBA", "L": "L", "RGB": "RGB", "RGBA": "RGBA"}
    mode = exact.get(image.mode)
    if image.mode == "P":
        mode = _target(image)[0]
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if mode is None:
        raise given.refusal(
            DtypeError,
            f"a PIL image of mode {image.mode!r} is not stored without loss",
            column=column,
            row=row,
            hint="Convert it with .convert('RGB').",
        )
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _check_array(pixels: AnyArray, *, column: str, row: int) -> None:
    if (
        pixels.ndim not in (2, 3)
        or pixels.shape[2:] not in ((), (1,), (3,), (4,))
        or not (pixels.size)
    ):
        raise given.refusal(
            DimensionError,
            f"{given.shown(pixels)} is no image",
            column=column,
            row=row,
            hint="It takes height x width, or height x width x 1, 3 or 4 channels.",
        )
    if pixels.dtype != np.uint8 and not (
        pixels.dtype == np.uint16 and pixels.shape[2:] in ((), (1,))
    ):
        raise given.refusal(
            DtypeError,
            f"{given.shown(pixels)} is no image: pixels are uint8, or uint16 without colour",
            column=column,
            row=row,
            hint="Scale to 0-255 and .astype('uint8'), or use a tensor column.",
        )


def _check_pixels(shape: tuple[int, int, int], payload: bytes, *, column: str, row: int) -> None:
    height, width, _ = shape
    if not 0 < height * width <= settings.IMAGE_PIXELS_MAX:
        why = f"its header says {height} x {width}, over {settings.IMAGE_PIXELS_MAX:,} pixels"
        raise not_media("image", payload, why, column=column, row=row)


def _broken() -> tuple[type[Exception], ...]:
    """What Pillow raises on bytes it cannot read."""
    from struct import error as struct_error

    bomb: type[Exception] = _pillow().DecompressionBombError
    return (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
        struct_error,
        bomb,
        Warning,  # where a program turns warnings into errors
    )


def _why(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return "no known image format"
    return f"{type(error).__name__}: {error}"


def _simplejpeg() -> ModuleType:
    try:
        import simplejpeg
    except ImportError as error:
        raise needs("simplejpeg", "reading JPEG", error) from error
    return simplejpeg  # type: ignore[no-any-return]


def _pillow() -> ModuleType:
    try:
        import PIL.Image
    except ImportError as error:
        raise needs("pillow", "reading images other than JPEG", error) from error
    return PIL.Image
