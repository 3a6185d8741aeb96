"""A reader of format version 1, written from docs/SPEC.md and from nothing else.

It imports nothing of deeplake, reads a repository in a local folder, verifies every checksum on the
way, and prints what it found as JSON. Section numbers are those of the specification.

    python tests/golden/spec_reader.py <repository>
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import re
import struct
import sys
import uuid
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

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


class Repository:
    """The objects of a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        info = unseal(self.get("repo.json"))  # 4
        need(info["format"] == "deeplake" and info["version"] == 1, "another format")
        need(not info["reader_features"], "unknown features")
        self.slots = {}

    def get(self, key):
        return (self.folder / key).read_bytes()

    def part(self, key, offset, length, checksum=None):
        need(re.fullmatch(r"[a-z0-9._=/-]+", key), f"key {key}")
        data = self.get(key)[offset : offset + length]
        need(len(data) == length, f"{key} is too short")
        need(checksum is None or crc(data) == checksum, f"checksum of {key} at {offset}")
        return data


def unseal(raw):  # 3
    line, checksum, rest = raw.split(b"\n")
    need(rest == b"" and checksum == b"%08x" % crc(line), "sealed JSON")
    return json.loads(line)


# --- 2, 5: keys and names -----------------------------------------------------------------------


def unescape(segment):
    return re.sub(rb"=(..)", lambda m: bytes([int(m[1], 16)]), segment.encode()).decode()


def latest(repository, folder):
    """Every name below a folder with its latest entry."""
    found = {}
    for path in sorted((repository.folder / folder).glob("*")):
        versions = sorted(p.name for p in path.iterdir())
        need(versions == [f"{n:08x}" for n in range(len(versions))], "gaps in a name")
        entry = unseal((path / versions[-1]).read_bytes())
        if not entry.get("deleted"):
            found[unescape(path.name)] = entry
    return found


def branches(repository):
    found = latest(repository, "refs/names")
    if not (repository.folder / "refs/names/main/00000000").exists():
        found["main"] = {"branch": 0, "base": None}
    return found


def head_of(repository, entry):  # 16, by probing alone
    sequence = 1
    while (repository.folder / slot_key(entry["branch"], sequence)).exists():
        sequence += 1
    if sequence > 1:
        return slot_at(repository, entry["branch"], sequence - 1)
    return None if entry["base"] is None else commit(repository, entry["base"])


def check_hints(repository, found):
    for path in (repository.folder / "refs/hints").iterdir():
        branch, sequence = (int(part, 16) for part in path.read_text().split())
        if unescape(path.name) not in found:
            continue  # of a name that was deleted
        need(branch == found[unescape(path.name)]["branch"], "hint of another branch")
        slot_at(repository, branch, sequence)
        SEEN["hint"] += 1


# --- 6, 7: commits and slots --------------------------------------------------------------------


def slot_key(branch, sequence):
    return f"refs/heads/{branch:012x}/{sequence:016x}"


def commit(repository, commit_id):
    branch, sequence, _ = commit_id.split("-")
    found = slot_at(repository, int(branch, 16), int(sequence, 16))
    need(id_of(found["header"]) == commit_id, f"commit {commit_id} is another")
    return found


def id_of(header):
    return f"{header['branch']:x}-{header['sequence']:x}-{header['nonce']}"


def slot_at(repository, branch, sequence):
    key = slot_key(branch, sequence)
    if key in repository.slots:
        return repository.slots[key]
    raw = repository.get(key)
    magic, head_length, at, length, checksum, total = struct.unpack_from("<8sIIIIQ", raw)
    need(magic == b"DLSLOT\x01\n" and len(raw) == total, key)
    need(32 <= at <= at + length <= head_length <= total, key)
    need(crc(raw[:20] + bytes(4) + raw[24:head_length]) == checksum, f"head of {key}")
    header = json.loads(raw[at : at + length])
    need((header["branch"], header["sequence"]) == (branch, sequence), f"{key} holds another")
    need(not header.get("requires"), "unknown features")
    for parent in header["parents"]:
        need(header["time"] > commit(repository, parent)["header"]["time"], "time goes back")
    repository.slots[key] = {"header": header, "key": key, "head": head_length}
    return repository.slots[key]


def block_of(repository, slot, reference):
    key, offset, length, checksum = reference
    SEEN["block here" if not key else "block of another slot"] += 1
    key = key or slot["key"]
    return key, repository.part(key, offset, length, int(checksum, 16))


# --- 9: trees -----------------------------------------------------------------------------------


def tree_block(block):
    magic, n_homes, n_records, rows, n_statistics, _ = struct.unpack_from("<4sHHQII", block)
    need(magic == b"DLTR", "tree block")
    at = 24 + 16 * n_homes
    need(len(block) == at + 32 * n_records + n_statistics, "length of a tree block")
    homes = [block[24 + 16 * k : 40 + 16 * k] for k in range(n_homes)]
    records = [struct.unpack_from("<QIIQHBBI", block, at + 32 * k) for k in range(n_records)]
    need(sum(record[3] for record in records) == rows, "rows of a tree block")
    packed = block[at + 32 * n_records :]
    return [(*r[:4], homes[r[4]], *r[5:]) for r in records], packed


def fragments(repository, records, above=None):
    """(key, fragment, its statistics in the node above, if it is in one) in row order."""
    for k, (sequence, offset, length, rows, home, level, kind, checksum) in enumerate(records):
        need(kind == 0, "kind of a record")
        key = slot_key(int.from_bytes(home[:8], "little"), sequence)
        block = repository.part(key, offset, length, checksum)
        if level == 0:
            fragment = parse_fragment(block)
            need(fragment["rows"] == rows, "rows of a fragment")
            yield key, fragment, None if above is None else above[k]
            continue
        SEEN[f"node of level {level}"] += 1
        children, packed = tree_block(block)
        need(all(child[5] == level - 1 for child in children), "levels")
        need(sum(child[3] for child in children) == rows, "rows of a node")
        yield from fragments(repository, children, node_statistics(packed, len(children)))


def node_statistics(packed, children):  # 14
    raw = zlib.decompress(packed)
    n_columns, n_children = struct.unpack_from("<II", raw)
    need(n_children == children, "statistics of a node")
    ids = struct.unpack_from(f"<{n_columns}I", raw, 8)
    at = 8 + 4 * n_columns
    need(len(raw) == at + 52 * n_columns * n_children, "length of statistics")
    found = [{} for _ in range(children)]
    for c, column in enumerate(ids):
        for k in range(children):
            found[k][column] = struct.unpack_from("<IQQ16s16s", raw, at + 52 * (c * children + k))
    return found


# --- 10: fragments ------------------------------------------------------------------------------


def parse_fragment(block):
    magic, rows, base, homes, columns, frames, ids, versions, overlays, deletions, _ = (
        struct.unpack_from("<4sIQIIIIIIII", block)
    )
    need(magic == b"DLFR" and not overlays and not deletions, "fragment")
    packs = [block[at : at + 16] for at in range(48, 48 + 16 * homes, 16)]
    at = 48 + 16 * homes
    runs = list(struct.iter_unpack("<QQ", block[at : at + 16 * (ids + versions)]))
    at += 16 * (ids + versions)
    heads = list(struct.iter_unpack("<IIIBxxxII16s16s", block[at : at + 56 * columns]))
    at += 56 * columns
    places = list(struct.iter_unpack("<IIQQII", block[at:]))
    need(len(places) == frames, "frames of a fragment")
    found = {"rows": rows, "ids": runs[:ids], "columns": {}}
    own = ids + versions - sum(head[2] for head in heads)
    for part in (runs[:ids], runs[ids:own]):
        need(sum(run[1] for run in part) == rows, "runs of a fragment")
    for column, n_frames, _, *statistics in heads:
        mine, places = places[:n_frames], places[n_frames:]
        need(sum(place[1] for place in mine) == rows, "rows of a column")
        found["columns"][column] = ([address(packs, base, p) for p in mine], statistics)
    need(not places, "frames of a fragment")
    return found


def address(packs, base, place):
    home, rows, offset, *rest = place
    if home == 0xFFFFFFFF:
        SEEN["frame in a slot"] += 1
        return None, rows, base + offset, *rest
    SEEN["frame in a pack"] += 1
    return pack_key(packs[home]), rows, offset, *rest


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

    def __init__(self, repository, own_key, place, layout):
        key, self.rows, offset, length, index_length, checksum = place
        self.repository, self.layout = repository, layout
        self.payload = repository.part(key or own_key, offset, length)
        self.index = repository.part(key or own_key, offset + length, index_length, checksum)
        count, self.block_bytes = struct.unpack_from("<II", self.index)
        self.entries = {}
        for k in range(count):
            role, codec, node, _, at, size = struct.unpack_from("<BBHIQQ", self.index, 8 + 24 * k)
            self.entries[role, node] = codec, at, size
            SEEN[f"role {min(role, 16)}"] += 1
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
        dtype = np.dtype(layout.dtype)
        if codec == 1:
            raw = zstandard.ZstdDecompressor().decompress(raw, max_output_size=max(rows, 1))
        if codec == 2:
            values = np.empty(rows, dtype)
            progress = standalone.simple_decompress_into(raw, values)
            need(progress.finished and progress.n_processed == rows, "pco")
        else:
            need(len(raw) == rows * dtype.itemsize * int(np.prod(layout.shape)), "fixed rows")
            values = np.frombuffer(raw, dtype).reshape(rows, *layout.shape)
        if (5, node) in self.entries:
            norms = np.sqrt((values.astype(np.float64) ** 2).sum(axis=1)).astype("<f4")
            need(np.allclose(self.small(5, "<f4", node), norms, rtol=1e-6), "norms")
        return [value_of(layout, value) for value in values]

    def var(self, layout, node, rows):
        offsets = self.offsets(node, rows)
        codec, raw = self.stored(node)
        if codec == 3:
            raw = self.text(raw, offsets)
        need(len(raw) == offsets[-1], "var rows")
        values = [raw[a:z] for a, z in pairwise(offsets)]
        if node == 0 and codec == 0 and self.layout is layout:
            need([crc(v) for v in values] == self.small(3, "<u4").tolist(), "row checksums")
        if (7, node) in self.entries:
            for row, checksum, length, pack in struct.iter_unpack("<IIQ16s", self.small(7, "V32")):
                values[row] = self.repository.part(pack_key(pack), 0, length, checksum)
        extras = [self.extra(spec, k, node, rows) for k, spec in enumerate(layout.extras)]
        return [var_value(layout, v, row) for v, *row in zip(values, *extras, strict=True)]

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


# --- 14: statistics -----------------------------------------------------------------------------


def check_statistics(layout, statistics, values):
    """Counts and bounds hold for the values."""
    kind, nulls, nans, low, high = statistics
    SEEN[f"statistics {kind}"] += 1
    present = [v for v in values if v is not None]
    need(nulls == len(values) - len(present), "NULL count")
    if kind == 3:
        present = [float.fromhex(v) for v in present]
        finite = [v for v in present if not math.isnan(v)]
        need(nans == len(present) - len(finite), "NaN count")
        present = finite
    if kind == 4:
        encoded = [v.encode() if layout.type == "text" else None for v in present]
        for value in (v for v in encoded if v is not None):
            cut = value[:15].ljust(15, b"\0") + bytes([min(len(value), 16)])
            need(low <= cut <= high, "text bounds")
    elif kind in (1, 2, 3) and layout.type in DTYPES:
        form = {1: "<q", 2: "<Q", 3: "<d"}[kind]
        need(all(struct.unpack(form, low[:8])[0] <= v <= struct.unpack(form, high[:8])[0]
                 for v in present), "bounds")  # fmt: skip


# --- all of it ----------------------------------------------------------------------------------


def contents(repository, slot, table):
    key, block = block_of(repository, slot, table["root"])
    records, packed = tree_block(block)
    need(not packed, "statistics of a root")
    _, schema = block_of(repository, slot, table["schema"])
    columns = json.loads(schema)["columns"]
    layouts = {column["id"]: layout_of(column["type"]) for column in columns}
    values = {column["id"]: [] for column in columns}
    ids, rows = [], 0
    for key, fragment, above in fragments(repository, records):
        rows += fragment["rows"]
        for start, count in fragment["ids"]:
            if ids and sum(ids[-1]) == start:
                ids[-1][1] += count
            else:
                ids.append([start, count])
        for column, (places, statistics) in fragment["columns"].items():
            found = []
            for place in places:
                found += Frame(repository, key, place, layouts[column]).values()
            check_statistics(layouts[column], statistics, found)
            need(above is None or list(above[column]) == statistics, "statistics of a node")
            values[column] += found
        for column in layouts.keys() - fragment["columns"].keys():
            values[column] += [None] * fragment["rows"]
    need(rows == table["rows"], "rows of a table")
    return {"columns": {c["name"]: values[c["id"]] for c in columns}, "row_ids": ids}


def state(repository, slot, kept):
    """Table name -> contents; tables that share a root are read once."""
    found = {}
    for table in slot["header"]["tables"]:
        root = (table["root"][0] or slot["key"], *table["root"][1:])
        if root not in kept:
            kept[root] = contents(repository, slot, table)
        found[table["name"]] = kept[root]
    return found


def log(repository, slot):
    while slot is not None:
        header = slot["header"]
        added = {
            t["name"]: t["change"]["added"] for t in header["tables"] if "added" in t["change"]
        }
        plain = {key: header[key] for key in ("parents", "author", "message", "time", "automatic")}
        yield {"id": id_of(header), **plain, "added": added}
        slot = commit(repository, header["parents"][0]) if header["parents"] else None


def read(folder):
    """Everything in a repository, in the form of expected.json without its sharing."""
    repository, kept = Repository(folder), {}
    found = branches(repository)
    check_hints(repository, found)
    for path in (repository.folder / "ids").iterdir():
        unseal(path.read_bytes())
        SEEN["claim"] += 1
    result = {"branches": {}, "tags": {}}
    for name, entry in found.items():
        head = head_of(repository, entry)
        result["branches"][name] = {
            "log": list(log(repository, head)), "tables": state(repository, head, kept),
        }  # fmt: skip
    for name, entry in latest(repository, "refs/tags").items():
        at = commit(repository, entry["commit"])
        result["tags"][name] = {"commit": entry["commit"], "tables": state(repository, at, kept)}
    return result


if __name__ == "__main__":
    everything = read(sys.argv[1])
    json.dump({**everything, "seen": SEEN}, sys.stdout, ensure_ascii=True)
