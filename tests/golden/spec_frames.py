"""The half of `spec_reader` that knows values: sections 12 to 15 of docs/SPEC.md, from it alone.

A frame becomes a list of values in the form of expected.json: floats as C99 hexadecimal, bytes as
hexadecimal digits, arrays as dtype, shape and bytes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import re
import struct
import uuid
from collections import Counter
from itertools import pairwise

import google_crc32c
import numpy as np
import zstandard
from pcodec import standalone

SEEN: Counter[str] = Counter()
"""Which parts of the format were met: the tests ask that all of them were."""


class DamagedError(Exception):
    """The repository is not as the specification says."""


def need(condition, what):
    if not condition:
        raise DamagedError(what)


def crc(data) -> int:
    return google_crc32c.value(bytes(data))


def pack_key(pack):
    return f"packs/{pack.hex()[:2]}/{pack.hex()}"


# --- 12, 15: types and layouts ------------------------------------------------------------------

DTYPES = {"bool": "?", "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "uint8": "u1",
          "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "float16": "<f2", "float32": "<f4",
          "float64": "<f8"}  # fmt: skip
CODES = dict(enumerate(DTYPES, 1))
MEDIA = {
    "image": [("shape", "<u4", 3), ("codec", "u1", 0)],
    "video": [("shape", "<i8", 4), ("codec", "u1", 0), ("container", "u1", 0), ("fps", "<u4", 2),
              ("duration_us", "<i8", 0)],
    "audio": [("shape", "<i8", 2), ("codec", "u1", 0), ("container", "u1", 0), ("rate", "<u4", 0),
              ("duration_us", "<i8", 0)],
}  # fmt: skip
FLAT = {"date": "<i4", "timestamp": "<i8", "timestamptz": "<i8", "class_label": "<i4", **DTYPES}
TOKEN = re.compile(
    r'\s*(?:"((?:[^"]|"")*)"|([A-Za-z_][\w-]*(?::float16)?)|(\.\.\.|[\[\](),<>:*]|\d+))'
)


class Layout:
    """One node: its kind, what a value means (`type`), and the nodes below."""

    def __init__(self, kind, type_, children=(), **more):
        self.kind, self.type, self.children = kind, type_, list(children)
        self.dtype, self.shape = more.get("dtype"), more.get("shape", ())
        self.extras, self.names = more.get("extras", []), more.get("names", ())
        self.stored = None

    def of_dtype(self, dtype):
        """The same, its elements stored as they were before the column was widened: 8."""
        need(self.kind == "fixed" and self.type not in ("decimal", "uuid"), "generation of a type")
        old, new = np.dtype(dtype), np.dtype(self.dtype)
        need("b" not in old.kind + new.kind or old == new, "a truth value widened")
        need(np.can_cast(old, new, "safe"), f"{new} holds no {old}")
        need(new.kind != "f" or old.kind == "f" or old.itemsize < 8, "64 bits as float")
        found = Layout(self.kind, self.type, dtype=self.dtype, shape=self.shape, names=self.names)
        found.stored = dtype
        return found

    def size(self):
        return 1 + sum(child.size() for child in self.children)


def layout_of(spelling):
    tokens = [m.groups() for m in TOKEN.finditer(spelling)]
    found, rest = parse(tokens)
    need(not rest, spelling)
    return found


def mark(tokens):
    return tokens[0][2] if tokens else None


def parse(tokens):
    word, tokens = tokens[0][1], tokens[1:]
    if word == "list":
        child, tokens = parse(tokens[1:])
        return Layout("list", word, [child]), tokens[1:]
    if word == "struct":
        names, children = [], []
        while mark(tokens) != ">":
            quoted, plain, _ = tokens[1]
            names.append(plain if quoted is None else quoted.replace('""', '"'))
            child, tokens = parse(tokens[3:])
            children.append(child)
        return Layout("struct", word, children, names=names), tokens[1:]
    inside = []
    if mark(tokens) in ("(", "["):
        end = next(k for k, token in enumerate(tokens) if token[2] in (")", "]"))
        inside, tokens = [t[2] for t in tokens[1:end] if t[2] != ","], tokens[end + 1 :]
    return flat(word, inside), tokens


def flat(word, inside):
    if word.startswith("emb-"):
        length, _, half = word[4:].partition(":")
        return Layout("fixed", "array", dtype="<f2" if half else "<f4", shape=(int(length),))
    if word in ("decimal", "uuid"):
        scale = int(inside[1]) if word == "decimal" else None
        return Layout("fixed", word, dtype="u1", shape=(16,), names=scale)
    if inside == ["..."]:
        return Layout("var", "tensor", extras=[("shape", "<i8", -1)], dtype=word)
    if inside and "*" not in inside:
        return Layout("fixed", "array", dtype=DTYPES[word], shape=tuple(map(int, inside)))
    if inside or word == "points":
        rank = len(inside) or 2
        dtype = "float32" if word == "points" else word
        return Layout("var", "tensor", extras=[("shape", "<u4", rank)], dtype=dtype)
    if word == "tensor":
        return Layout("var", word, extras=[("shape", "<i8", -1), ("dtype", "u1", 0)])
    if word == "mesh":
        parts = [flat("float32", ["*", "3"]), flat("int32", ["*", "3"])]
        return Layout("struct", word, parts, names=("vertices", "faces"))
    if word in FLAT:
        return Layout("fixed", word, dtype=FLAT[word])
    need(word in ("text", "json", "blob", *MEDIA), word)
    return Layout("var", word, extras=MEDIA.get(word, []))


# --- 13: frames ---------------------------------------------------------------------------------


class Frame:
    """One frame, every checksum of it verified."""

    def __init__(self, repository, place, layout, features):
        key, self.rows, offset, length, index_length, checksum = place
        self.repository, self.layout, self.features = repository, layout, features
        self.payload = repository.part(key, offset, length)
        self.index = repository.part(key, offset + length, index_length, checksum)
        count, self.block_bytes = struct.unpack_from("<II", self.index)
        self.entries = {}
        for k in range(count):
            role, codec, node, _, at, size = struct.unpack_from("<BBHIQQ", self.index, 8 + 24 * k)
            SEEN[f"role {min(role, 16)}"] += 1
            need((role, node) not in self.entries, "a buffer twice")
            self.entries[role, node] = codec, at, size
            need(role != 8 or "references" in features, "references")
        need((self.block_bytes == 0) == (layout.kind == "var"), "kind of checksums")
        if self.block_bytes:
            cuts = range(0, length, self.block_bytes)
            found = [crc(self.payload[at : at + self.block_bytes]) for at in cuts]
            need(found == self.small(4, "<u4").tolist(), "block checksums")

    def small(self, role, dtype, node=0):
        codec, at, size = self.entries[role, node]
        need(codec == 0 and at >= len(self.payload), "index buffer")
        at -= len(self.payload)
        return np.frombuffer(self.index[at : at + size], dtype)

    def values(self):
        return self.node(self.layout, 0, self.rows)

    def versions(self):
        """Of the cells of an overlay that has several: 11."""
        found = self.small(9, "<u8").tolist()
        need(len(found) == self.rows and (1 << 64) - 1 not in found, "versions")
        return found

    def valid(self, node, rows):
        if (0, node) not in self.entries:
            return [True] * rows
        bitmap = self.small(0, "u1", node)
        need(len(bitmap) == -(-rows // 8), "validity")
        return np.unpackbits(bitmap, count=rows, bitorder="little").astype(bool).tolist()

    def offsets(self, node, rows):
        size = self.entries[2, node][2]
        found = self.small(2, "<u8" if size == 8 * (rows + 1) else "<u4", node).tolist()
        need(len(found) == rows + 1 and found[0] == 0 and found == sorted(found), "offsets")
        return found

    def node(self, layout, node, rows):
        """The rows of a node in the form of expected.json."""
        valid = self.valid(node, rows)
        if layout.kind == "fixed":
            found = self.fixed(layout, node, rows)
        elif layout.kind == "var":
            found = self.var(layout, node, rows)
        elif layout.kind == "list":
            offsets = self.offsets(node, rows)
            inner = self.node(layout.children[0], node + 1, offsets[-1])
            found = [inner[a:z] for a, z in pairwise(offsets)]
        else:
            columns, at = [], node + 1
            for child in layout.children:
                columns.append(self.node(child, at, rows))
                at += child.size()
            found = [
                dict(zip(layout.names, row, strict=True)) for row in zip(*columns, strict=True)
            ]
        return [value if ok else None for value, ok in zip(found, valid, strict=True)]

    def stored(self, node):
        codec, at, size = self.entries[1, node]
        need(at % 8 == 0 and at + size <= len(self.payload), "values")
        SEEN[f"codec {codec}"] += 1
        return codec, self.payload[at : at + size]

    def fixed(self, layout, node, rows):
        codec, raw = self.stored(node)
        dtype = np.dtype(layout.stored or layout.dtype)
        if codec == 1:
            raw = zstandard.ZstdDecompressor().decompress(raw, max_output_size=max(rows, 1))
        if codec == 2:
            values = np.empty(rows, dtype)
            progress = standalone.simple_decompress_into(raw, values)
            need(progress.finished and progress.n_processed == rows, "pco")
        elif codec == 4:
            need("packed" in self.features and layout is self.layout, "packed integers")
            values = self.packed(raw, dtype, rows)
        else:
            need(len(raw) == rows * dtype.itemsize * int(np.prod(layout.shape)), "fixed rows")
            values = np.frombuffer(raw, dtype).reshape(rows, *layout.shape)
        if (5, node) in self.entries:
            norms = np.sqrt((values.astype(np.float64) ** 2).sum(axis=1)).astype("<f4")
            need(np.allclose(self.small(5, "<f4", node), norms, rtol=1e-6), "norms")
        return [value_of(layout, value) for value in values.astype(layout.dtype)]

    def packed(self, raw, dtype, rows):
        """Base plus numbers of few bits, group by group of 2,048 rows."""
        base, width = struct.unpack("<qI" if dtype.kind == "i" else "<QI", self.small(10, "u1"))
        need(dtype.kind in "iu" and dtype.itemsize > 1, "dtype of packed integers")
        need(width in (1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 20, 32), "width")
        SEEN[f"width {width}"] += 1
        whole, bits = divmod(width, 8)
        found, at = [], 0
        for first in range(0, rows, 2048):
            count = min(2048, rows - first)
            low = raw[at : at + count * whole]
            high = raw[at + count * whole : at + count * whole + -(-count * bits // 8)]
            at += len(low) + len(high)
            joined = int.from_bytes(high, "little")
            need(joined >> (count * bits) == 0, "unused bits")
            for k in range(count):
                above = joined >> (k * bits) & ((1 << bits) - 1)
                number = int.from_bytes(low[k * whole : (k + 1) * whole], "little")
                found.append(base + number + (above << (8 * whole)))
        need(at == len(raw), "length of packed integers")
        return np.array(found, dtype)

    def var(self, layout, node, rows):
        offsets = self.offsets(node, rows)
        codec, raw = self.stored(node)
        if codec == 3:
            raw = self.text(raw, offsets)
        if (8, node) in self.entries:
            need(node == 0 and codec == 0 and layout.type not in ("text", "json"), "references")
            values = self.referred(raw, offsets)
        else:
            need(len(raw) == offsets[-1], "var rows")
            values = [raw[a:z] for a, z in pairwise(offsets)]
        if node == 0 and codec == 0 and self.layout is layout:
            need([crc(v) for v in values] == self.small(3, "<u4").tolist(), "row checksums")
        if (7, node) in self.entries:
            for row, checksum, length, pack in struct.iter_unpack("<IIQ16s", self.small(7, "V32")):
                need(values[row] == b"", "external values")
                values[row] = self.repository.part(pack_key(pack), 0, length, checksum)
        extras = [self.extra(spec, k, node, rows) for k, spec in enumerate(layout.extras)]
        return [var_value(layout, v, row) for v, *row in zip(values, *extras, strict=True)]

    def referred(self, raw, offsets):
        """Rows whose bytes lie in packs, or here."""
        runs = list(struct.iter_unpack("<IIQ16s", self.small(8, "V32")))
        need([run[0] for run in runs] == sorted({0, *(run[0] for run in runs)}), "references")
        values, here = [], 0
        for (row, _, at, pack), (end, *_) in pairwise([*runs, (self.rows, 0, 0, b"")]):
            need(row < end, "references")
            first, length = offsets[row], offsets[end] - offsets[row]
            if pack == bytes(16):
                SEEN["value here beside references"] += 1
                part, here = raw[at : at + length], here + length
            else:
                part = self.repository.part(pack_key(pack), at, length)
            need(len(part) == length, "references")
            values += [part[a - first : z - first] for a, z in pairwise(offsets[row : end + 1])]
        need(here == len(raw), "values that no reference names")
        return values

    def text(self, raw, offsets):
        table = [*struct.iter_unpack("<III", self.small(6, "V12")), (len(offsets) - 1, len(raw), 0)]
        parts = []
        for (row, at, checksum), (last, end, _) in pairwise(table):
            need(crc(raw[at:end]) == checksum, "text block")
            size = offsets[last] - offsets[row]
            parts.append(zstandard.ZstdDecompressor().decompress(raw[at:end], max_output_size=size))
        return b"".join(parts)

    def extra(self, spec, k, node, rows):
        _, dtype, width = spec
        found = self.small(16 + k, dtype, node)
        return found.reshape(rows, -1).tolist() if width and rows else found.tolist()


# --- values, as expected.json writes them -----------------------------------------------------


def value_of(layout, value):
    kind = layout.type
    if kind == "array":
        return tensor(value.dtype.name, value.shape, value.tobytes())
    if kind == "decimal":
        unscaled = decimal.Decimal(int.from_bytes(value.tobytes(), "little", signed=True))
        return str(decimal.Context(prec=39).scaleb(unscaled, -layout.names))
    if kind == "uuid":
        return str(uuid.UUID(bytes=value.tobytes()))
    plain = value.item()
    if kind == "date":
        return (dt.date(1970, 1, 1) + dt.timedelta(plain)).isoformat()
    if kind in ("timestamp", "timestamptz"):
        zone = dt.UTC if kind == "timestamptz" else None
        return (dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(microseconds=plain)).isoformat()
    return plain.hex() if isinstance(plain, float) else plain


def var_value(layout, raw, extras):
    if layout.type == "text":
        return raw.decode()
    if layout.type == "json":
        return {"json": json.loads(raw)} if raw else None
    if layout.type == "blob":
        return raw.hex()
    if layout.type == "tensor":
        dtype = layout.dtype or CODES.get(extras[1], "uint8")
        shape = [axis for axis in extras[0] if axis >= 0]
        return tensor(dtype, shape, raw)
    return {
        "encoded": raw.hex(),
        **{spec[0]: e for spec, e in zip(layout.extras, extras, strict=True)},
    }


def tensor(dtype, shape, raw):
    return f"{dtype}{[int(axis) for axis in shape]} {raw.hex()}"


def default_of(layout, value):
    """The default of a column, from its JSON: 8."""
    kind = layout.type
    if layout.kind == "var":
        need(kind in ("text", "json"), "default of a type")
        return value if kind == "text" else {"json": json.loads(value)}
    need(layout.kind == "fixed", "default of a type")
    if kind == "decimal":
        digits = decimal.Context(prec=39)
        unscaled = digits.scaleb(decimal.Decimal(value), layout.names)
        need(unscaled == int(unscaled), "default of a decimal")
        return str(digits.scaleb(decimal.Decimal(int(unscaled)), -layout.names))
    if kind == "uuid":
        return str(uuid.UUID(value))
    if kind == "date":
        return dt.date.fromisoformat(value).isoformat()
    if kind in ("timestamp", "timestamptz"):
        at = dt.datetime.fromisoformat(value)
        need((at.tzinfo is None) == (kind == "timestamp"), "zone of a default")
        return (at if at.tzinfo is None else at.astimezone(dt.UTC)).isoformat()
    dtype = np.dtype(layout.dtype)
    number = {"f": float, "b": bool}.get(dtype.kind, int)
    flat = [number(element) for element in (value if layout.shape else [value])]
    return value_of(layout, np.array(flat, dtype).reshape(layout.shape)[()])


# --- 14: statistics -----------------------------------------------------------------------------


def is_nan(value):
    return isinstance(value, str) and value == "nan"


def check_statistics(layout, statistics, values, older=None):
    """Counts and bounds hold for the values, the bounds for those under overlays as well."""
    kind, nulls, nans, low, high = statistics
    SEEN[f"statistics {kind}"] += 1
    if kind == 0:
        return
    need(nulls == values.count(None), "NULL count")
    bounded = {"i": 1, "u": 2, "b": 2, "f": 3}
    if layout.kind == "fixed" and layout.type in FLAT and layout.shape == () and older is None:
        stored = np.dtype(layout.stored or layout.dtype).kind
        need(kind in (5, bounded[stored]), "kind of statistics")
    elif layout.type in ("text", "json") and older is None:
        need(kind in (4, 5), "kind of statistics")
    if kind in (3, 6) and layout.type in DTYPES:
        found = sum(map(is_nan, values))
        need(nans == found if older is None else nans >= found, "NaN count")
    present = [v for v in (*values, *(older or ())) if v is not None]
    if kind == 4:
        for value in present if layout.type == "text" else ():
            cut = value.encode()[:15].ljust(15, b"\0") + bytes([min(len(value.encode()), 16)])
            need(low <= cut <= high, "text bounds")
    elif kind == 5:
        need(all(map(is_nan, present)), "nothing to bound")
    elif kind in (1, 2, 3) and layout.type in DTYPES:
        form = {1: "<q", 2: "<Q", 3: "<d"}[kind]
        low, high = (struct.unpack(form, bound[:8])[0] for bound in (low, high))
        numbers = [float.fromhex(v) if isinstance(v, str) else v for v in present]
        need(all(low <= v <= high for v in numbers if not math.isnan(v)), "bounds")
