"""repo.json: the object that makes a folder or prefix a repository. SPEC section "Repository"."""

from __future__ import annotations

from deeplake.errors import FormatVersionError, MalformedObjectError
from deeplake.format.sealed import seal, unseal
from deeplake.types.named import NamedTuple

FORMAT = "deeplake"
VERSION = 1


class RepositoryInfo(NamedTuple):
    """Identity of a repository."""

    repository_id: str
    created_us: int


def encode(info: RepositoryInfo) -> bytes:
    """The bytes of repo.json."""
    return seal(
        {
            "format": FORMAT,
            "version": VERSION,
            "id": info.repository_id,
            "created": info.created_us,
            "reader_features": [],
            "writer_features": [],
        }
    )


def decode(raw: bytes, where: str) -> RepositoryInfo:
    """Parse repo.json.

    Raises:
        FormatVersionError: a newer format, or features that this version does not know.
        MalformedObjectError, ChecksumError: it is damaged, or no repository of ours.
    """
    document = unseal(raw, where)
    if document.get("format") != FORMAT:
        raise MalformedObjectError(f"{where} does not describe a deeplake repository.")
    version = document.get("version")
    asked = [document.get(kind, []) for kind in ("reader_features", "writer_features")]
    features = [str(name) for names in asked if isinstance(names, list) for name in names]
    if version != VERSION or features:
        wants = f"format version {version}" + (f" with {', '.join(features)}" if features else "")
        raise FormatVersionError(
            f"{where} says {wants}; this deeplake reads version {VERSION}.",
            hint="Upgrade deeplake.",
        )
    try:
        return RepositoryInfo(str(document["id"]), int(document["created"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MalformedObjectError(f"{where} is malformed: {error!r}") from error
