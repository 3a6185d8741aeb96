"""Vectors and their distances, exact, as pgvector has them.

Scores are float8, computed in float64 from the float32 elements: whoever finds candidates by BLAS
recomputes theirs so.
"""

from __future__ import annotations

from deeplake.query.functions.registry import register

_DISTANCES = {
    "l2_distance": "<->",
    "cosine_distance": "<=>",
    "l1_distance": "<+>",
    "negative_inner_product vector_negative_inner_product": "<#>",
    "inner_product": "",
    "cosine_similarity": "",
    "l2_squared_distance vector_l2_squared_distance": "",
}
for _kind in ("vector", "halfvec"):
    for _names, _operator in _DISTANCES.items():
        _function = _names.split()[0]
        register(
            f"{_names} {_operator}",
            f"{_kind}, {_kind} -> float8",
            f"vectors__{_function}({{0}}, {{1}})",
        )
    register("vector_dims", f"{_kind} -> int4", "CAST(len({0}) AS INTEGER)")
    register("vector_norm l2_norm", f"{_kind} -> float8", "vectors__norm({0})")
    register("l2_normalize", f"{_kind} -> {_kind}", "vectors__normalized({0})")
    _half = "half_" if _kind == "halfvec" else ""
    for _operator, _name in (("+", "plus"), ("-", "minus"), ("*", "times")):
        register(
            _operator, f"{_kind}, {_kind} -> {_kind}", f"vectors__{_half}{_name}({{0}}, {{1}})"
        )
    register("||", f"{_kind}, {_kind} -> {_kind}", "vectors__joined({0}, {1})")
    register("subvector", f"{_kind}, int4, int4 -> {_kind}", "vectors__part({0}, {1}, {2})")
    register("binary_quantize", f"{_kind} -> text", "error('[0A000] binary_quantize gives bit')")
    for _operator in ("=", "<>", "<", ">", "<=", ">="):
        # elements from the left, then the length: as the engine compares lists
        register(_operator, f"{_kind}, {_kind} -> bool", f"({{0}} {_operator} {{1}})")
    for _name in ("sum", "avg"):
        register(
            _name,
            f"{_kind} -> {_kind}",
            f"vectors__{_half}{_name}(list({{distinct}}{{0}}){{clauses}})",
            family="aggregate",
        )
