"""Object keys: where everything lies in a repository. SPEC section "Keys".

Keys use [a-z0-9._=-] only, so that they mean the same on every file system and bucket, also
those that ignore case; user-made names are escaped.
"""

from __future__ import annotations

import re
import struct

from deeplake import settings
from deeplake.errors import InvalidNameError, MalformedObjectError, RefNotFoundError
from deeplake.types.named import NamedTuple

REPOSITORY = "repo.json"
PREFIXES = ("refs/", "ids/", "packs/", "gc/")
"""Everything else that belongs to a repository."""

MAIN_BRANCH_ID = 0
"""The branch that exists in an empty repository, named 'main' until renamed."""

BRANCH_ID_BITS = 48
ALLOCATOR_BITS = 27
COUNTER_BITS = 36
SEGMENT_CHARS_MAX = 240
"""Longest escaped name: file systems take 255 bytes a segment, some of them less."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
_HEX = frozenset("0123456789abcdef")


class CommitId(NamedTuple):
    """Names a commit and the slot it lies in: '<branch>-<sequence>-<nonce>', all hexadecimal."""

    branch: int
    sequence: int
    nonce: int

    def __str__(self) -> str:
        return f"{self.branch:x}-{self.sequence:x}-{self.nonce:016x}"

    @property
    def slot(self) -> str:
        """Key of the slot."""
        return slot_key(self.branch, self.sequence)


def parse_commit_id(text: str) -> CommitId:
    """'0-1a-00c0ffee00c0ffee' -> CommitId.

    Raises:
        RefNotFoundError: it is not a commit id.
    """
    found = commit_id_of(text)
    if found is None:
        raise RefNotFoundError(
            f"{text!r} is no commit id.", hint="One looks like '0-1a-<16 digits>'."
        )
    return found


def commit_id_of(text: str) -> CommitId | None:
    """The commit id that `text` spells, or None."""
    parts = text.split("-")
    if len(parts) == 3 and len(parts[2]) == 16 and all(p and set(p) <= _HEX for p in parts):
        branch, sequence, nonce = (int(part, 16) for part in parts)
        if branch < 1 << BRANCH_ID_BITS and 0 < sequence < 1 << 63:
            return CommitId(branch, sequence, nonce)
    return None


def slot_key(branch: int, sequence: int) -> str:
    """Key of a commit slot.

    >>> slot_key(0, 26)
    'refs/heads/000000000000/000000000000001a'
    """
    return f"refs/heads/{branch:012x}/{sequence:016x}"


def slot_prefix(branch: int) -> str:
    """Prefix of all slots of a branch."""
    return f"refs/heads/{branch:012x}/"


def name_key(name: str, version: int) -> str:
    """Key of version `version` of a branch name."""
    return f"refs/names/{escape(name)}/{version:08x}"


def tag_key(name: str, version: int) -> str:
    """Key of version `version` of a tag."""
    return f"refs/tags/{escape(name)}/{version:08x}"


def view_key(name: str, version: int) -> str:
    """Key of version `version` of a saved view."""
    return f"refs/views/{escape(name)}/{version:08x}"


def pending_key(branch: int, version: int) -> str:
    """Key of version `version` of the merge that waits on a branch."""
    return f"refs/merges/{branch:012x}/{version:08x}"


def hint_key(name: str) -> str:
    """Key of the head hint of a branch name."""
    return f"refs/hints/{escape(name)}"


def expired_key(branch: int) -> str:
    """Key of the mark that slots of a branch have expired."""
    return f"gc/expired/{branch:012x}"


STAND_INS_TOGETHER = 256
"""Stand-ins of so many slots in a row are one object."""


def condensed_key(branch: int, sequence: int, version: int) -> str:
    """Key of version `version` of the object with the stand-in of a slot, if it has one.

    >>> condensed_key(0, 517, 0)
    'refs/condensed/000000000000/0000000000000002/00000000'
    """
    return f"refs/condensed/{branch:012x}/{sequence // STAND_INS_TOGETHER:016x}/{version:08x}"


def allocator_key(allocator: int) -> str:
    """Key of the claim of a row-id allocator."""
    return f"ids/{allocator:07x}"


def pack_key(pack_id: bytes) -> str:
    """Key of a pack.

    >>> pack_key(bytes(range(16)))
    'packs/00/000102030405060708090a0b0c0d0e0f'
    """
    text = pack_id.hex()
    return f"packs/{text[:2]}/{text}"


OBJECT_ID_BYTES = 16
"""Length of a pack's id, and of a home as it is stored."""

_SLOT_OBJECT = struct.Struct("<BQQ")
_SLOT_MARK = 1


def slot_object(branch: int, sequence: int) -> bytes:
    """A slot as an object that frames lie in: 17 bytes, where the id of a pack has 16."""
    return _SLOT_OBJECT.pack(_SLOT_MARK, branch, sequence)


def object_key(object_id: bytes) -> str:
    """Key of the object that frames lie in: a pack, or a slot.

    >>> object_key(slot_object(0, 26))
    'refs/heads/000000000000/000000000000001a'
    """
    if len(object_id) != _SLOT_OBJECT.size:
        return pack_key(object_id)
    _, branch, sequence = _SLOT_OBJECT.unpack(object_id)
    return slot_key(branch, sequence)


def slot_of_object(object_id: bytes) -> tuple[int, int]:
    """Branch and sequence of a slot named as `slot_object` does."""
    _, branch, sequence = _SLOT_OBJECT.unpack(object_id)
    return branch, sequence


_SLOT_KEY = "refs/heads/([0-9a-f]{12})/([0-9a-f]{16})"
_PACK_KEY = "packs/([0-9a-f]{2})/([0-9a-f]{32})"


def slot_of_key(key: str) -> tuple[int, int] | None:
    """Branch and sequence of a slot's key; None for any other key.

    >>> slot_of_key("refs/heads/000000000000/000000000000001a")
    (0, 26)
    """
    match = re.fullmatch(_SLOT_KEY, key)
    return (int(match.group(1), 16), int(match.group(2), 16)) if match else None


def pack_of_key(key: str) -> bytes | None:
    """The id of a pack's key; None for any other key.

    >>> pack_of_key("packs/00/000102030405060708090a0b0c0d0e0f") == bytes(range(16))
    True
    """
    match = re.fullmatch(_PACK_KEY, key)
    if match is None or not match.group(2).startswith(match.group(1)):
        return None
    return bytes.fromhex(match.group(2))


def escape(name: str) -> str:
    """A name as one key segment: [a-z0-9_-] stay, every other byte of its UTF-8 becomes '=xx'.

    So does the first byte of a device name of Windows ('con'), which no file there can have.

    Raises:
        InvalidNameError: it is not valid Unicode.

    >>> escape("experiment/X")
    'experiment=2f=58'
    """
    try:
        raw = name.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidNameError(f"the name {name!r} is not valid Unicode.") from None
    if _PLAIN.issuperset(name):  # as a rule: 4 us less for each of the keys of a merge
        text = name
    else:
        text = "".join(chr(byte) if chr(byte) in _PLAIN else f"={byte:02x}" for byte in raw)
    return f"={raw[0]:02x}{text[1:]}" if text in _DEVICES else text


def unescape(segment: str) -> str:
    """The inverse of `escape`.

    Raises:
        MalformedObjectError: the segment was not made by `escape`.
    """
    try:
        head, *rest = segment.split("=")
        raw = head.encode("ascii") + b"".join(
            bytes([int(part[:2], 16)]) + part[2:].encode("ascii") for part in rest
        )
        name = raw.decode("utf-8")
    except ValueError as error:
        raise MalformedObjectError(f"{segment!r} is no escaped name") from error
    if escape(name) != segment:
        raise MalformedObjectError(f"{segment!r} is no escaped name")
    return name


def check_name(name: object, what: str) -> str:
    """A branch, tag or table name that may be created.

    Letters of any script, digits and ' ._/-+' inside, '@' in names of branches and tags; no '..',
    no '//', no '~' or ':' (they mean something in a ref), no space, dot or slash at either end.

    Raises:
        InvalidNameError: with the rule that was broken.
    """
    if not isinstance(name, str):
        raise InvalidNameError(f"a {what} name is text, not {type(name).__name__}.")
    problem = _name_problem(name)
    if what == "table" and "@" in name:
        problem = "t@main is table t at main"
    if not problem and what != "table" and len(escape(name)) > SEGMENT_CHARS_MAX:
        problem = f"its escaped form is over {SEGMENT_CHARS_MAX} characters long"
    if problem:
        raise InvalidNameError(
            f"{name!r} cannot be a {what} name: {problem}.",
            hint=f"Use letters, digits, spaces and . _ / - +{'' if what == 'table' else ' @'} "
            "inside.",
        )
    return name


def may_be_name(name: str) -> bool:
    """Whether a branch or tag of that name could exist.

    >>> may_be_name("experiment/7"), may_be_name("a..b")
    (True, False)
    """
    return not _name_problem(name) and len(escape(name)) <= SEGMENT_CHARS_MAX


def _name_problem(name: str) -> str:
    if not name:
        return "it is empty"
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if size > settings.NAME_BYTES_MAX:
        return f"it is {size} bytes long, over {settings.NAME_BYTES_MAX}"
    if name[0] in " ./-" or name[-1] in " ./":
        return f"it begins or ends with {name[0] if name[0] in ' ./-' else name[-1]!r}"
    if ".." in name or "//" in name:
        return "it holds '..' or '//'"
    if commit_id_of(name) is not None:
        return "it reads as a commit id"
    odd = next((c for c in name if not (c.isalnum() or c in " ._/-+@")), None)
    return f"it holds {odd!r}" if odd is not None else ""
