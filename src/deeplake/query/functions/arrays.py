"""Arrays: operators and functions; NULL arrays as Postgres has them."""

from __future__ import annotations

from deeplake.query.functions.registry import register

# || of arrays: a NULL side is left out; an element goes in as it is, NULL too
register(
    "|| array_cat",
    "any[], any[] -> any[]",
    "CASE WHEN {0} IS NULL THEN {1} WHEN {1} IS NULL THEN {0} ELSE list_concat({0}, {1}) END",
)
register("|| array_append", "any[], element -> any[]", "list_append(COALESCE({0}, []), {1})")
register("|| array_prepend", "element, any[] -> any[]", "list_prepend({0}, COALESCE({1}, []))")

# NULLs in arrays match nothing
register(
    "@>",
    "any[], any[] -> bool",
    "(list_has_all({0}, {1}) AND len(list_filter({1}, lambda x: x IS NULL)) = 0)",
)
register(
    "<@",
    "any[], any[] -> bool",
    "(list_has_all({1}, {0}) AND len(list_filter({0}, lambda x: x IS NULL)) = 0)",
)
register("&&", "any[], any[] -> bool", "list_has_any({0}, {1})")

_LENGTH = "CASE WHEN {1} = 1 AND len({0}) > 0 THEN CAST(len({0}) AS INTEGER) END"
register("array_length array_upper", "any[], int4 -> int4", _LENGTH)
register("array_lower", "any[], int4 -> int4", "CASE WHEN {1} = 1 AND len({0}) > 0 THEN 1 END")
register("array_ndims", "any[] -> int4", "CASE WHEN len({0}) > 0 THEN 1 END")
register(
    "array_dims",
    "any[] -> text",
    "CASE WHEN len({0}) > 0 THEN '[1:' || CAST(len({0}) AS VARCHAR) || ']' END",
)
register("cardinality", "any[] -> int4", "CAST(len({0}) AS INTEGER)")
register(
    "array_position",
    "any[], element -> int4",
    "CAST(nullif(list_position(list_transform({0}, lambda x: x IS NOT DISTINCT FROM {1}), "
    "true), 0) AS INTEGER)",
)
register(
    "array_position",
    "any[], element, int4 -> int4",
    "CASE WHEN {2} IS NULL AND len({0}) > 0 AND ({1} IS NOT NULL OR len(list_filter({0}, lambda x: "
    "x IS NULL)) > 0) THEN error('[22004] initial position must not be null') ELSE CAST(nullif("
    "list_position(list_transform({0}, lambda x, i: i >= {2} AND x IS NOT DISTINCT FROM {1}), "
    "true), 0) AS INTEGER) END",
)
register(
    "array_positions",
    "any[], element -> int4[]",
    "CAST(list_filter(list_transform({0}, lambda x, i: CASE WHEN x IS NOT DISTINCT FROM {1} THEN i "
    "END), lambda i: i IS NOT NULL) AS INTEGER[])",
)
register(
    "array_remove", "any[], element -> any[]", "list_filter({0}, lambda x: x IS DISTINCT FROM {1})"
)
register(
    "array_replace",
    "any[], element, element -> any[]",
    "list_transform({0}, lambda x: CASE WHEN x IS NOT DISTINCT FROM {1} THEN {2} ELSE x END)",
)
register(
    "trim_array",
    "any[], int4 -> any[]",
    "CASE WHEN {1} < 0 OR {1} > len({0}) THEN error('[2202E] number of elements to trim must "
    "be between 0 and the length') ELSE list_slice({0}, 1, len({0}) - {1}) END",
)
