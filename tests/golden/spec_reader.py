"""A reader of format version 1, written from docs/SPEC.md and from nothing else.

It imports nothing of deeplake, reads a repository in a local folder, verifies every checksum on the
way, and prints what it found as JSON. Section numbers are those of the specification; 12 to 15 are
in `spec_frames`.

    python tests/golden/spec_reader.py <repository>
"""

from __future__ import annotations

import json
import re
import struct
import sys
import zlib
from itertools import pairwise
from pathlib import Path

from pyroaring import BitMap

sys.path.insert(0, str(Path(__file__).resolve().parent))  # tests load this file by its path
from spec_frames import (
    CODES,
    DTYPES,
    SEEN,
    DamagedError,
    Frame,
    check_statistics,
    crc,
    default_of,
    layout_of,
    need,
    pack_key,
)

__all__ = ["DamagedError", "crc", "read"]

FEATURES = {
    "overlays", "deletions", "slots", "references", "packed", "evolution", "condensed"
}  # 19  # fmt: skip
HERE = 0xFFFFFFFF
MIXED = 0xFFFFFFFFFFFFFFFF


class Repository:
    """The objects of a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        info = unseal(self.get("repo.json"))  # 4
        need(info["format"] == "deeplake" and info["version"] == 1, "another format")
        need(not info["reader_features"], "unknown features")
        self.slots, self.kept, self.cells = {}, {}, {}
        self.plans = [
            unseal(self.get(f"gc/{name}"))
            for name in self.names("gc")
            if re.fullmatch("[0-9a-f]{32}", name)
        ]
        SEEN["plan"] += len(self.plans)

    def get(self, key):
        return (self.folder / key).read_bytes()

    def exists(self, key):
        return (self.folder / key).exists()

    def names(self, folder):
        """What lies right below a folder, sorted."""
        return sorted(path.name for path in (self.folder / folder).glob("*"))

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
    """Everything below a folder that has versions, with its latest entry."""
    found = {}
    for segment in repository.names(folder):
        versions = repository.names(f"{folder}/{segment}")
        need(versions == [f"{n:08x}" for n in range(len(versions))], "gaps in a name")
        entries = [unseal(repository.get(f"{folder}/{segment}/{n}")) for n in versions]
        SEEN[f"{folder} version {min(len(versions), 3)}"] += 1
        if not entries[-1].get("deleted"):
            found[unescape(segment)] = entries[-1]
    return found


def branches(repository):
    found = latest(repository, "refs/names")
    if not repository.exists("refs/names/main/00000000"):
        found["main"] = {"branch": 0, "base": None}
    return found


def hinted(repository, name, branch):  # 16
    """The sequence that a hint names, or 0."""
    if not repository.exists(f"refs/hints/{name}"):
        return 0
    parts = re.fullmatch(rb"([0-9a-f]+) ([0-9a-f]+)\n", repository.get(f"refs/hints/{name}"))
    if parts is None or int(parts[1], 16) != branch:
        return 0
    SEEN["hint"] += 1
    return int(parts[2], 16)


def head_of(repository, name, entry):  # 16
    branch = entry["branch"]
    expired = repository.exists(f"gc/expired/{branch:012x}")

    def probed(at):
        while repository.exists(slot_key(branch, at + 1)):
            at += 1
        return at

    at = hinted(repository, name, branch)
    there = repository.exists(slot_key(branch, at))
    at = probed(at) if there or not (at or expired) else None
    if at is None or (expired and at <= max(map(max, covered(repository, branch)), default=0)):
        SEEN["head from a listing"] += 1
        at = probed(max(sequences(repository, branch), default=0))
    if at:
        return slot_at(repository, branch, at)
    return None if entry["base"] is None else commit(repository, entry["base"])


# --- 6, 7: commits and slots --------------------------------------------------------------------


def slot_key(branch, sequence):
    return f"refs/heads/{branch:012x}/{sequence:016x}"


def sequences(repository, branch):
    return [int(name, 16) for name in repository.names(f"refs/heads/{branch:012x}")]


def covered(repository, branch):  # 22
    """The runs of slots that may be gone, as (first, last)."""
    for plan in repository.plans:
        yield 1, plan["expired"].get(f"{branch:x}", 0)
        yield from plan.get("gaps", {}).get(f"{branch:x}", ())


def is_covered(repository, branch, sequence):
    return any(low <= sequence <= high for low, high in covered(repository, branch))


def commit(repository, commit_id):
    """The slot of a commit; if it has expired, of the one that stands for it, or None (6)."""
    branch, sequence, _ = commit_id.split("-")
    branch, sequence = int(branch, 16), int(sequence, 16)
    if repository.exists(slot_key(branch, sequence)):
        found = slot_at(repository, branch, sequence)
        if id_of(found["header"]) == commit_id:
            return found
    need(is_covered(repository, branch, sequence), f"commit {commit_id} is missing")
    SEEN["expired parent"] += 1
    while is_covered(repository, branch, sequence):
        sequence -= 1
    return slot_at(repository, branch, sequence) if sequence else None


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
    need(set(header.get("requires", ())) <= FEATURES, "unknown features")
    slot = {"header": header, "key": key, "head": head_length}
    check_parents(repository, slot)
    repository.slots[key] = slot
    return slot


def parents_of(repository, slot):
    """Those that have not expired, and those that stand for others."""
    found = [commit(repository, parent) for parent in slot["header"]["parents"]]
    return [parent for parent in found if parent is not None]


def check_parents(repository, slot):
    header = slot["header"]
    branch, sequence = header["branch"], header["sequence"]
    parents = parents_of(repository, slot)
    SEEN[f"parents {len(header['parents'])}"] += 1
    for parent in parents:
        need(header["time"] > parent["header"]["time"], "time goes back")
        features = set(parent["header"].get("requires", ()))
        need(features <= set(header.get("requires", ())), "a feature was dropped")
    linear = header.get("linear", sequence)
    need(1 <= linear <= sequence, "chain")
    before = branch, sequence - 1
    if repository.exists(slot_key(*before)) and not is_covered(repository, *before):
        before = slot_at(repository, branch, sequence - 1)["header"]
        need(header["time"] > before["time"], "time goes back")
        need(linear == sequence or header["parents"] == [id_of(before)], "chain")
        need(linear == sequence or before.get("linear", sequence - 1) <= linear, "chain")
        if before["allocator"]:
            SEEN["allocator"] += 1
            same = (header["allocator"] or [-1])[0] == before["allocator"][0]
            need(not same or header["allocator"] >= before["allocator"], "row ids go back")
    for mark in ("reset", "closed"):
        if header.get(mark):
            SEEN[mark] += 1
            need(len(header["parents"]) == 1, mark)
            if [id_of(parent["header"]) for parent in parents] == header["parents"]:
                there = places(parents[0]), places(standing_in(repository, parents[0]))
                need(places(slot) in there, mark)
    tables = header["tables"]
    for key in ("id", "name"):
        need(len({table[key] for table in tables}) == len(tables), f"{key} of a table twice")


def place(slot, table):
    """Where a table's blocks lie, whichever slot names them."""
    return tuple((table[k][0] or slot["key"], *table[k][1:]) for k in ("root", "schema"))


def places(slot):
    return {(table["id"], table["name"], place(slot, table)) for table in slot["header"]["tables"]}


def standing_in(repository, slot):  # 23
    """A commit with the tables that it is read by."""
    header = slot["header"]
    folder = f"refs/condensed/{header['branch']:012x}/{header['sequence'] // 256:016x}"
    versions = repository.names(folder)
    need(versions == [f"{n:08x}" for n in range(len(versions))], "gaps in stand-ins")
    commits = [unseal(repository.get(f"{folder}/{n}"))["commits"] for n in versions]
    for before, after in pairwise(commits):
        need(before.keys() <= after.keys(), "a stand-in was dropped")
    found = commits[-1].get(id_of(header)) if commits else None
    if found is None:
        return slot
    SEEN["stand-in"] += 1
    need(set(found["requires"]) <= FEATURES, "unknown features")
    tables = []
    for table in header["tables"]:
        refs = found["tables"].get(f"{table['id']:x}", [table["schema"], table["root"]])
        tables.append({**table, "schema": refs[0], "root": refs[1]})
    requires = [*header.get("requires", ()), *found["requires"]]
    return {**slot, "header": {**header, "tables": tables, "requires": requires}}


def block_of(repository, slot, reference):
    key, offset, length, checksum = reference
    SEEN["block here" if not key else "block of another slot"] += 1
    return repository.part(key or slot["key"], offset, length, int(checksum, 16))


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


def fragments(repository, records, features, above=None):
    """(fragment, its statistics in the node above, if it is in one) in row order."""
    for k, (sequence, offset, length, rows, home, level, kind, checksum) in enumerate(records):
        need(kind in (0, 1), "kind of a record")
        SEEN[f"block in a {('slot', 'pack')[kind]}"] += 1
        branch = int.from_bytes(home[:8], "little")
        key = pack_key(home) if kind else slot_key(branch, sequence)
        block = repository.part(key, offset, length, checksum)
        if level == 0:
            fragment = Fragment(repository, block, key, features)
            need(len(fragment.left) == rows, "rows of a fragment")
            yield fragment, None if above is None else above[k]
            continue
        SEEN[f"node of level {level}"] += 1
        children, packed = tree_block(block)
        need(all(child[5] == level - 1 for child in children), "levels")
        need(sum(child[3] for child in children) == rows, "rows of a node")
        known = node_statistics(packed, len(children)) if packed else None
        yield from fragments(repository, children, features, known)


def node_statistics(packed, children):  # 14
    raw = zlib.decompress(packed)
    n_columns, n_children = struct.unpack_from("<II", raw)
    need(n_children == children, "statistics of a node")
    ids = struct.unpack_from(f"<{n_columns}I", raw, 8)
    need(list(ids) == sorted(set(ids)), "columns of a node")
    at = 8 + 4 * n_columns
    need(len(raw) == at + 52 * n_columns * n_children, "length of statistics")
    found = [{} for _ in range(children)]
    for c, column in enumerate(ids):
        for k in range(children):
            found[k][column] = struct.unpack_from("<IQQ16s16s", raw, at + 52 * (c * children + k))
    return found


# --- 10, 11: fragments --------------------------------------------------------------------------


def split(records, counts):
    """Records cut into parts of so many each."""
    found = []
    for count in counts:
        found.append(records[:count])
        records = records[count:]
    need(not records, "records of a fragment")
    return found


def spread(runs, rows, step):
    """A number per row, of runs that add up to the rows."""
    need(sum(count for _, count in runs) == rows, "runs of a fragment")
    return [start + step * k for start, count in runs for k in range(count)]


class Fragment:
    """A fragment block: per row its id, which rows are left, and where their values lie."""

    def __init__(self, repository, block, key, features):
        self.repository, self.features, self.key = repository, features, key
        magic, rows, self.base, homes, *counts, overlays, deletions, slots = struct.unpack_from(
            "<4sIQIIIIIIII", block
        )
        columns, frames, ids, versions = counts
        need(magic == b"DLFR" and deletions <= 1 and slots <= homes, "fragment")
        for count, feature in ((overlays, "overlays"), (deletions, "deletions"), (slots, "slots")):
            need(not count or feature in features, f"{feature} that the commit does not require")
            SEEN[feature] += count
        sizes = [16 * homes, 16 * (ids + versions), 56 * columns, 32 * frames, 72 * overlays,
                 32 * deletions]  # fmt: skip
        homes, runs, heads, frames, overlays, deletions = split(block[48:], sizes)
        homes = [homes[at : at + 16] for at in range(0, len(homes), 16)]
        self.homes = [pack_key(home) for home in homes[: len(homes) - slots]]
        self.homes += [
            slot_key(*struct.unpack("<QQ", home)) for home in homes[len(homes) - slots :]
        ]
        runs = list(struct.iter_unpack("<QQ", runs))
        heads = list(struct.iter_unpack("<IIIBBxxII16s16s", heads))
        own = [head[2] for head in heads]
        ids, rest, *own = split(runs, [ids, versions - sum(own), *own])
        self.rows, self.ids, self.versions = rows, spread(ids, rows, 1), spread(rest, rows, 0)
        frames = split(list(struct.iter_unpack("<IIQQII", frames)), [head[1] for head in heads])
        self.columns = {}
        for (column, _, _, kind, generation, *more), mine, runs in zip(
            heads, frames, own, strict=True
        ):
            need(column not in self.columns, "a column twice")
            need(sum(place[1] for place in mine) == rows, "rows of a column")
            SEEN["versions of a column"] += bool(runs)
            versions = spread(runs, rows, 0) if runs else self.versions
            found = [self.frame(place) for place in mine]
            self.columns[column] = found, generation, (kind, *more), versions
        self.overlays = [self.overlay(o) for o in struct.iter_unpack("<IIQIIQIIQQIIB7x", overlays)]
        deleted = set()
        for home, checksum, offset, length, count, _ in struct.iter_unpack("<IIQIIQ", deletions):
            deleted = self.bitmap(home, offset, length, checksum)
            need(len(deleted) == count, "rows deleted")
            deleted = set(deleted)
        self.left = [row for row in range(rows) if row not in deleted]
        need(self.left, "a fragment without rows")

    def at(self, home, offset):
        if home == HERE:
            SEEN["frame in a slot" if self.key.startswith("refs") else "frame in a pack"] += 1
            return self.key, self.base + offset
        SEEN["frame in a pack" if self.homes[home].startswith("packs") else "frame of a slot"] += 1
        return self.homes[home], offset

    def frame(self, place):
        home, rows, offset, *rest = place
        key, offset = self.at(home, offset)
        return key, rows, offset, *rest

    def bitmap(self, home, offset, length, checksum):
        key, offset = self.at(home, offset)
        found = list(BitMap.deserialize(self.repository.part(key, offset, length, checksum)))
        need(found and found == sorted(found) and found[-1] < self.rows, "rows of a bitmap")
        return found

    def overlay(self, fields):
        column, length, version, home, checksum, offset, *place, generation = fields
        rows = self.bitmap(home, offset, length, checksum)
        need(place[1] == len(rows), "rows of an overlay")
        SEEN["overlay of several versions"] += version == MIXED
        return column, rows, version, self.frame(place), generation

    def read(self, place, column, generation):
        need(not generation or "evolution" in self.features, "generation")
        SEEN[f"generation {min(generation, 1)}"] += 1
        return Frame(self.repository, place, self.layout(column, generation), self.features)

    def layout(self, column, generation):
        layout = layout_of(column["type"])
        if generation:
            return layout.of_dtype(DTYPES[CODES[generation]])
        if column.get("former"):
            SEEN["generation 0 of a widened column"] += 1
            return layout.of_dtype(layout_of(column["former"][0]["type"]).dtype)
        return layout

    def cells(self, column, above):
        """(value, version) of every row of a column, deleted ones too."""
        layout = layout_of(column["type"])
        overlays = [overlay for overlay in self.overlays if overlay[0] == column["id"]]
        SEEN[f"overlays on a column {min(len(overlays), 2)}"] += 1
        if column["id"] in self.columns:
            places, generation, statistics, versions = self.columns[column["id"]]
            values = [v for p in places for v in self.read(p, column, generation).values()]
            known = None if above is None else above.get(column["id"])
            need(known is None or known == statistics, "statistics of a node")
            layout = self.layout(column, generation)
        else:
            default, statistics, versions = column.get("default"), None, self.versions
            SEEN["column that a fragment does not hold"] += 1
            SEEN[f"default {layout.type}"] += default is not None
            values = [None if default is None else default_of(layout, default)] * self.rows
        older, versions = values[:] if overlays else None, versions[:]
        for _, rows, version, place, generation in overlays:
            frame = self.read(place, column, generation)
            new = frame.values()
            several = frame.versions() if version == MIXED else [version] * len(rows)
            older += new
            for row, value, one in zip(rows, new, several, strict=True):
                values[row], versions[row] = value, one
        if statistics is not None:
            check_statistics(layout, statistics, values, older)
        return values, versions


# --- all of it ----------------------------------------------------------------------------------


def contents(repository, slot, table):
    features = set(slot["header"].get("requires", ()))
    records, packed = tree_block(block_of(repository, slot, table["root"]))
    need(not packed, "statistics of a root")
    schema = json.loads(block_of(repository, slot, table["schema"]))
    columns = schema["columns"]
    SEEN["dropped columns"] += bool(schema.get("dropped"))
    need({c["id"] for c in columns}.isdisjoint(schema.get("dropped", ())), "a dropped column")
    evolved = any("default" in c or c.get("former") for c in columns)
    need(not evolved or "evolution" in features, "evolution that the commit does not require")
    values, ids = {column["name"]: [] for column in columns}, []
    for fragment, above in fragments(repository, records, features):
        left = fragment.left
        ids += [fragment.ids[row] for row in left]
        for column in columns:
            found, versions = fragment.cells(column, above)
            values[column["name"]] += [found[row] for row in left]
            default = json.dumps(column.get("default"))
            about = table["id"], column["id"], column["type"], default
            for row in left:  # 6: row id, column and version name one value
                name = *about, fragment.ids[row], versions[row]
                need(repository.cells.setdefault(name, found[row]) == found[row], f"cell {name}")
    need(len(ids) == table["rows"] == len(set(ids)), "rows of a table")
    check_keys(columns, values)
    return {"columns": values, "row_ids": runs_of(ids)}


def runs_of(ids):
    found = []
    for row_id in ids:
        if found and sum(found[-1]) == row_id:
            found[-1][1] += 1
        else:
            found.append([row_id, 1])
    return found


def check_keys(columns, values):  # 8
    for column in columns:
        cells = values[column["name"]]
        need(None not in cells or not column.get("not_null"), "NULL in a column that refuses it")
        present = [repr(value) for value in cells if value is not None]
        unique = len(set(present)) == len(present)
        need(unique or not column.get("unique"), "a unique value twice")
    keys = [values[column["name"]] for column in columns if column.get("primary_key")]
    rows = [repr(row) for row in zip(*keys, strict=True)]
    need(len(set(rows)) == len(rows), "a primary key twice")


def state(repository, slot):
    """Table name -> contents; tables that have root and schema in common are read once."""
    slot = None if slot is None else standing_in(repository, slot)
    found = {}
    for table in [] if slot is None else slot["header"]["tables"]:
        at = place(slot, table)
        if at not in repository.kept:
            repository.kept[at] = contents(repository, slot, table)
        found[table["name"]] = repository.kept[at]
    return found


def log(repository, head):
    """A commit and its ancestors, newest first; it ends where slots have expired."""
    found, pending = {}, [] if head is None else [head]
    while pending:
        slot = pending.pop()
        if slot["key"] not in found:
            found[slot["key"]] = slot
            pending += parents_of(repository, slot)
    return [entry(s) for s in sorted(found.values(), key=lambda s: -s["header"]["time"])]


def entry(slot):
    header = slot["header"]
    added = {t["name"]: t["change"]["added"] for t in header["tables"] if "added" in t["change"]}
    plain = {key: header[key] for key in ("parents", "author", "message", "time", "automatic")}
    return {"id": id_of(header), **plain, "added": added}


def commits(repository):
    """Every commit that is to stay, also those that no branch has in its history."""
    for branch in (int(name, 16) for name in repository.names("refs/heads")):
        there = sequences(repository, branch)
        for sequence in range(1, max(there) + 1):
            if is_covered(repository, branch, sequence):
                continue
            need(sequence in there, "slots are missing")
            yield slot_at(repository, branch, sequence)


def check_the_rest(repository):
    """What a reader of rows does not need: it is sealed JSON all the same."""
    for allocator in repository.names("ids"):
        unseal(repository.get(f"ids/{allocator}"))
        SEEN["claim"] += 1
    SEEN["pending merge"] += sum(
        not found.get("done") for found in latest(repository, "refs/merges").values()
    )
    for pin in repository.names("refs/pins"):
        unseal(repository.get(f"refs/pins/{pin}"))


def read(folder):
    """Everything in a repository; `commits` and `contents` share, the others do not."""
    repository = Repository(folder)
    check_the_rest(repository)
    result = {"branches": {}, "tags": {}, "commits": {}}
    for name, found in branches(repository).items():
        head = head_of(repository, escaped(repository, name), found)
        result["branches"][name] = {
            "log": log(repository, head), "tables": state(repository, head),
        }  # fmt: skip
    for name, found in latest(repository, "refs/tags").items():
        at = commit(repository, found["commit"])
        result["tags"][name] = {"commit": found["commit"], "tables": state(repository, at)}
    for stored in commits(repository):
        state(repository, stored)
        slot = standing_in(repository, stored)
        tables = {t["name"]: "/".join(map(str, place(slot, t))) for t in slot["header"]["tables"]}
        result["commits"][id_of(slot["header"])] = {**entry(slot), "tables": tables}
    kept = {"/".join(map(str, at)): found for at, found in repository.kept.items()}
    return {**result, "contents": kept}


def escaped(repository, name):
    """The segment that stands for a name."""
    return next((s for s in repository.names("refs/names") if unescape(s) == name), name)


if __name__ == "__main__":
    everything = read(sys.argv[1])
    json.dump({**everything, "seen": SEEN}, sys.stdout, ensure_ascii=True)
