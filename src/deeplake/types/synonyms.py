"""What other systems call their types -> how a column of that kind is written here.

For messages: a name has one meaning, so these are told and not taken ('float4' has 4 bytes in SQL
and would have 4 bits beside 'int8').
"""

from __future__ import annotations

import re
from typing import Any

MEANT: dict[str, str] = {
    **dict.fromkeys(
        ("string", "str", "varchar", "nvarchar", "char", "character", "bpchar", "clob", "utf8",
         "large_string", "large_utf8", "string_view", "unicode"),
        "text",
    ),
    **dict.fromkeys(("boolean", "bit", "bool_"), "bool"),
    "integer": "int", "bigint": "int64", "long": "int64", "smallint": "int16", "short": "int16",
    "tinyint": "int8", "byte": "uint8", "uint": "uint64", "int2": "int16", "int4": "int32",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
    "double": "float64", "real": "float32", "float4": "float32", "float8": "float64",
    "half": "float16", "bfloat16": "float16", "fp16": "float16", "fp32": "float32",
    "fp64": "float64", "f16": "float16", "f32": "float32", "f64": "float64", "number": "float64",
    **dict.fromkeys(
        ("bytes", "binary", "bytea", "large_binary", "varbinary", "binary_view", "object"), "blob"
    ),
    **dict.fromkeys(("datetime", "datetime64", "timestamp_ns", "timestamp_ms"), "timestamp"),
    **dict.fromkeys(("date32", "date64"), "date"),
    **dict.fromkeys(("jsonb", "dict", "map", "variant"), "json"),
    **dict.fromkeys(("numeric", "money", "decimal128"), "decimal(10,2)"),
    **dict.fromkeys(("vector", "vec", "embedding"), "emb-512"),
    "halfvec": "emb-512:float16",
    **dict.fromkeys(("array", "large_list", "sequence", "tuple"), "list<int>"),
    "ndarray": "float32[16,64]",
    **dict.fromkeys(("categorical", "category", "enum", "dictionary"), "class_label(cat, dog)"),
    **dict.fromkeys(("img", "picture", "photo", "pil", "jpeg", "jpg", "png", "webp"), "image"),
    **dict.fromkeys(("sound", "wav", "mp3", "flac"), "audio"),
    **dict.fromkeys(("mp4", "movie"), "video"),
    **dict.fromkeys(("point_cloud", "pointcloud"), "points"),
    **dict.fromkeys(("time", "interval", "timedelta", "timedelta64", "duration"), "int"),
    **dict.fromkeys(("url", "uri", "link", "path"), "text"),
}  # fmt: skip
"""Name, in lower case -> spelling; lengths and digits stand for those that were given."""

_NOTES = {
    "integer": " (8 bytes) or 'int32'",
    "bfloat16": " or 'float32'",
    "number": ", 'int' or 'decimal(10,2)'",
    "array": ", or 'float32[16,64]' for a tensor",
    "time": " for microseconds, or 'text'",
    "interval": " for microseconds, or 'text'",
    "timedelta": " for microseconds",
    "timedelta64": " for microseconds",
    "duration": " for microseconds",
    "url": " for the address, or 'image' for what is there",
    "link": " for the address, or 'image' for what is there",
    "object": ", 'json' or 'text'",
}
"""What is said behind it."""

_NUMBERS = re.compile(r"\s*[-(\[<]\s*(\d{1,20})(?:\s*,\s*(\d{1,20}))?")
_EMBEDDING = re.compile(r"(?:emb|embedding|vec|vector)[-_]?(\d{1,20})", re.IGNORECASE)


def written(head: str, rest: str = "") -> str:
    """The hint for a type that is called otherwise elsewhere; '' if no such name is known.

    Args:
        head: the name.
        rest: what follows it: "(16)".

    >>> written("halfvec", "(16)")
    "Write 'emb-16:float16'."
    """
    packed = _EMBEDDING.fullmatch(head)
    name = head.lower()
    found = "emb-512" if packed or name == "emb" else MEANT.get(name)
    if found is None:
        return ""
    given = _NUMBERS.match(rest)
    if packed:
        found = f"emb-{packed[1]}"
    elif given and found.startswith("emb-"):
        found = found.replace("512", given[1])
    elif given and found.startswith("decimal"):
        found = f"decimal({given[1]},{given[2] or 0})"
    return f"Write '{found}'{_NOTES.get(name, '')}."


def bracketed(head: str, rest: str) -> str:
    """The hint for a known name whose brackets mean something elsewhere; '' if they do not.

    >>> bracketed("text", "[]")
    "Write 'list<text>'."
    """
    inside = re.match(r"\s*([\[(<])\s*([\w\s,]*?)\s*[\])>]", rest)
    if head == "emb":
        return written(head, rest)
    if inside is None:
        return ""
    if not inside[2] and inside[1] == "[":
        return f"Write 'list<{head}>'."
    if head == "list":
        return f"Write 'list<{inside[2]}>'."
    if head in ("timestamp", "timestamptz"):
        return f"Write '{head}'."
    if head == "tensor" and inside[2] and not inside[2][0].isdigit():
        return f"Write '{inside[2]}[...]'."
    return ""


def unbracketed(head: str, arguments: tuple[Any, ...], form: str) -> str:
    """The hint for a type that takes nothing in brackets.

    >>> unbracketed("float32", (16, 64), "Float")
    "Write 'float32[16,64]' for a tensor."
    """
    if not all(isinstance(one, int) for one in arguments):
        return f"Options are arguments of deeplake.types.{form}(…)."
    if head.startswith(("int", "uint", "float", "bool")):
        return f"Write '{head}[{','.join(map(str, arguments))}]' for a tensor."
    return f"Write '{head}'."


def of_python(spec: Any) -> str:
    """The hint for a type of Python or NumPy that declares none; '' if nothing comes to mind."""
    origin = getattr(spec, "__origin__", spec)
    name = getattr(origin, "__name__", "") if isinstance(origin, type) else str(spec)
    if name in ("list", "tuple", "set"):
        return "Write 'list<int>', with the type of the values."
    if name == "Decimal":
        return "Write 'decimal(10,2)', with the digits."
    return written(name.partition("[")[0])
