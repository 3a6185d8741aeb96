"""Random SELECTs over the tables of `sql_tables`: typed, so that most of them have an answer.

Every draw is Hypothesis', so a statement that fails shrinks to a short one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Draw = Callable[[st.SearchStrategy[Any]], Any]
    Tables = Mapping[str, Sequence[tuple[str, str]]]

INT, FLOAT, TEXT, BOOL, DATE, BYTES = "int", "float", "text", "bool", "date", "bytes"
TIME, ARRAY, JSON = "time", "array", "json"
_CLASSES = (INT, FLOAT, TEXT, BOOL, DATE, TIME)
_ANY = (*_CLASSES, BYTES, ARRAY)
COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "users": (
        ("id", INT), ("name", TEXT), ("age", INT), ("active", BOOL), ("joined", DATE),
        ("tags", ARRAY), ("meta", JSON),
    ),
    "gens": (
        ("id", INT), ("user_id", INT), ("model", TEXT), ("rating", FLOAT), ("quality", FLOAT),
        ("frames", INT), ("preview", BYTES), ("tags", ARRAY), ("created_at", TIME),
    ),
    "events": (("id", INT), ("kind", TEXT), ("small", INT)),
    "media": (("id", INT), ("gen_id", INT), ("thumb", BYTES)),
    "nothing": (("a", INT), ("b", TEXT)),
}  # fmt: skip
_SMALL = ("events", "nothing", "media")
_CONSTANTS = {
    INT: ("0", "1", "2", "7", "-3", "null::int", "12"),
    FLOAT: ("0.5::float8", "2::float8", "-1.25::float8", "'NaN'::float8", "null::float8"),
    TEXT: ("'a'", "'sdxl'", "''", "'Bob'", "null::text", "'É'"),
    BOOL: ("true", "false", "null::bool"),
    DATE: ("date '2025-06-01'", "date '2025-01-01'", "null::date"),
    BYTES: ("'\\x01'::bytea", "null::bytea"),
    TIME: ("timestamp '2026-02-01 10:30:00'", "timestamp '2026-01-06'", "null::timestamp"),
    ARRAY: ("array['x', 'safe']", "'{}'::text[]", "null::text[]", "array[null, 'z']"),
    JSON: ("'{\"lvl\": 1}'::jsonb", "null::jsonb"),
}
_FRAMES = (
    "range between unbounded preceding and current row",
    "groups between 1 preceding and 1 following",
    "groups between current row and unbounded following",
)
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")


class Drawn(NamedTuple):
    """A statement; `ordered` if its ORDER BY leaves no ties between different rows."""

    text: str
    ordered: bool


class Names(NamedTuple):
    """Columns in sight, as (expression, class)."""

    columns: tuple[tuple[str, str], ...]

    def of(self, class_: str) -> list[str]:
        """Those of one class."""
        return [name for name, known in self.columns if known == class_]


class Grammar:
    """Draws one statement.

    Args:
        draw: of Hypothesis.
        tables: name -> (column, class) of each column; every table has an integer.
        small: names of those that may stand in a cross join.
    """

    def __init__(self, draw: Draw, tables: Tables = COLUMNS, small: Sequence[str] = _SMALL) -> None:
        self._draw = draw
        self._tables = tables
        self._small = small
        self._last = 0

    def _chance(self, percent: int) -> bool:
        return bool(self._draw(st.integers(0, 99)) >= 100 - percent)

    def _one(self, options: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(list(options)))

    def _text_of(self, options: Sequence[str]) -> str:
        return str(self._one(options))

    def _alias(self) -> str:
        self._last += 1
        return f"t{self._last}"

    # --- expressions --------------------------------------------------------------------------

    def expression(self, class_: str, names: Names, depth: int = 2) -> str:
        """An expression of a class."""
        known = names.of(class_)
        if depth <= 0 or not self._chance(55):
            if known and not self._chance(25):
                return str(self._one(known))
            return str(self._one(_CONSTANTS[class_]))
        return str(getattr(self, "_" + class_)(names, depth - 1))

    def _either(self, class_: str, names: Names, depth: int) -> str:
        """What every class has."""

        def inside() -> str:
            return self.expression(class_, names, depth)

        form = self._draw(st.integers(0, 4))
        if form == 0:
            return f"case when {self._bool(names, depth)} then {inside()} else {inside()} end"
        if form == 1:
            return f"coalesce({inside()}, {inside()})"
        if form == 2:
            return f"nullif({inside()}, {inside()})"
        if form == 3:
            return f"(select {self._value_of_query(class_, names, depth)})"
        return f"case {inside()} when {inside()} then {inside()} end"

    def _value_of_query(self, class_: str, names: Names, depth: int) -> str:
        """The rest of a scalar subquery that gives one row at most."""
        table = self._one(list(self._tables)[:2])
        alias = self._alias()
        inner = Names(tuple((f"{alias}.{c}", k) for c, k in self._tables[table]))
        both = Names((*inner.columns, *names.columns))
        where = f"from {table} {alias} where {self._bool(both, depth)}"
        known = inner.of(class_)
        if class_ in (BOOL, BYTES, ARRAY, JSON) or not known:
            return f"{self.expression(class_, names, depth)} {where} limit 1 offset 40"
        return f"{self._one(['min', 'max'])}({self._one(known)}) {where}"

    def _int(self, names: Names, depth: int) -> str:
        def inside() -> str:
            return self.expression(INT, names, depth)

        form = self._draw(st.integers(0, 7))
        if form <= 2:
            return f"({inside()} {self._one('+-')} {inside()})"
        if form == 3:
            return f"({inside()} / nullif({inside()}, 0))"
        if form == 4:
            return f"({inside()} % 5)"
        if form == 5:
            return f"length({self.expression(TEXT, names, depth)})"
        if form == 6:
            return self._text_of([
                f"greatest({inside()}, {inside()})",
                f"cardinality({self.expression(ARRAY, names, depth)})",
                f"extract(day from {self.expression(TIME, names, depth)})::int",
                f"({self.expression(JSON, names, 0)}->>'lvl')::int",
                f"({self.expression(DATE, names, depth)} - date '2025-01-01')",
            ])  # fmt: skip
        return self._either(INT, names, depth)

    def _float(self, names: Names, depth: int) -> str:
        left, right = self.expression(FLOAT, names, depth), self.expression(FLOAT, names, depth)
        form = self._draw(st.integers(0, 3))
        if form == 0:
            return f"({left} {self._one('+-')} {right})"
        if form == 1:
            return f"least({left}, {right})"
        if form == 2:
            return f"({self.expression(INT, names, depth)})::float8"
        return self._either(FLOAT, names, depth)

    def _text(self, names: Names, depth: int) -> str:
        inside = self.expression(TEXT, names, depth)
        form = self._draw(st.integers(0, 3))
        if form == 0:
            return f"({inside} || {self.expression(TEXT, names, depth)})"
        if form == 1:
            return f"upper({inside})"
        if form == 2:
            return self._text_of([
                f"({self.expression(INT, names, depth)})::text",
                f"({self.expression(ARRAY, names, depth)})[{self._one([0, 1, 2, -1])}]",
                f"lower(left({inside}, 3))",
                f"to_char({self.expression(TIME, names, depth)}, 'YYYY-MM-DD HH24:MI')",
                f"({self.expression(JSON, names, 0)}->'nested'->>'b')",
                f"({self.expression(BOOL, names, 0)})::text",
            ])  # fmt: skip
        return self._either(TEXT, names, depth)

    def _date(self, names: Names, depth: int) -> str:
        return self._either(DATE, names, depth)

    def _time(self, names: Names, depth: int) -> str:
        inside = self.expression(TIME, names, depth)
        form = self._draw(st.integers(0, 3))
        if form == 0:
            return f"({inside} {self._one('+-')} interval '{self._one(['1 day', '90 minutes'])}')"
        if form == 1:
            return f"date_trunc('{self._one(['month', 'day', 'hour'])}', {inside})"
        if form == 2:
            return f"({self.expression(DATE, names, depth)})::timestamp"
        return self._either(TIME, names, depth)

    def _array(self, names: Names, depth: int) -> str:
        inside = self.expression(ARRAY, names, depth)
        form = self._draw(st.integers(0, 3))
        if form == 0:
            return f"({inside})[{self._one(['1:1', '2:', ':2', '0:1'])}]"
        if form == 1:
            return f"array[{self.expression(TEXT, names, depth)}, 'k']"
        if form == 2:
            return f"coalesce({inside}, array['none'])"
        return self._either(ARRAY, names, depth)

    def _json(self, names: Names, depth: int) -> str:
        return self._either(JSON, names, depth)

    def _bytes(self, names: Names, depth: int) -> str:
        return self._either(BYTES, names, depth)

    def _bool(self, names: Names, depth: int) -> str:
        form = self._draw(st.integers(0, 12))
        if form == 0:
            return self._either(BOOL, names, depth)
        if form == 12:
            array = self.expression(ARRAY, names, 0)
            return self._text_of([
                f"({self.expression(TEXT, names, 0)} = any ({array}))",
                f"({self.expression(TEXT, names, 0)} <> all ({array}))",
                f"({self.expression(TEXT, names, 0)} like '{self._one(['a%', '%o%', '_'])}')",
                f"({self.expression(ARRAY, names, 0)} = {array})",
                f"({array} @> array['x'])",
                f"({self.expression(JSON, names, 0)} @> '{{\"lvl\": 1}}')",
                f"({self.expression(JSON, names, 0)} ? 'lvl')",
            ])  # fmt: skip
        if form == 1:
            word = self._one(["and", "or"])
            return f"({self._bool(names, depth - 1)} {word} {self._bool(names, depth - 1)})" \
                if depth > 0 else "true"  # fmt: skip
        if form == 2:
            return f"(not {self._bool(names, depth - 1)})" if depth > 0 else "false"
        class_ = self._one(_CLASSES)

        def inside() -> str:
            return self.expression(class_, names, depth - 1)

        if form == 3:
            return f"({inside()} is {self._one(['', 'not '])}null)"
        if form == 4:
            return f"({inside()} is {self._one(['', 'not '])}distinct from {inside()})"
        if form == 5:
            return f"({inside()} {self._one(['', 'not '])}in ({inside()}, {inside()}))"
        if form == 6:
            word = self._one(["between", "not between", "between symmetric"])
            return f"({inside()} {word} {inside()} and {inside()})"
        if form == 7:
            word = f"{self._one(COMPARISONS)} {self._one(['any', 'all'])}"
            return f"({inside()} {word} (array[{inside()}, {inside()}]))"
        if form == 8:
            other = self._one(_CLASSES)
            pairs = [(inside(), inside()), (self.expression(other, names, 0),
                                            self.expression(other, names, 0))]  # fmt: skip
            left, right = (", ".join(side) for side in zip(*pairs, strict=True))
            return f"(({left}) {self._one(COMPARISONS)} ({right}))"
        if form == 9:
            return self._of_query(names, depth - 1)
        return f"({inside()} {self._one(COMPARISONS)} {inside()})"

    def _of_query(self, names: Names, depth: int) -> str:
        """EXISTS, IN, ANY and ALL."""
        table, alias = self._one(list(self._tables)), self._alias()
        columns = self._tables[table]
        inner = Names(tuple((f"{alias}.{c}", k) for c, k in columns))
        both = Names((*inner.columns, *names.columns))
        where = f"from {table} {alias} where {self._bool(both, depth)}"
        if self._chance(35):
            return f"{self._one(['', 'not '])}exists (select 1 {where})"
        column, class_ = self._one([c for c in columns if c[1] in _CLASSES])
        value = self.expression(class_, names, depth)
        form = self._draw(st.integers(0, 3))
        if form == 0:
            word = f"{self._one(COMPARISONS)} {self._one(['any', 'all'])}"
            return f"({value} {word} (select {alias}.{column} {where}))"
        if form == 1:
            other, kind = self._one([c for c in columns if c[1] in _CLASSES])
            pair = f"({value}, {self.expression(kind, names, 0)})"
            both_columns = f"{alias}.{column}, {alias}.{other}"
            return f"({pair} {self._one(['', 'not '])}in (select {both_columns} {where}))"
        return f"({value} {self._one(['', 'not '])}in (select {alias}.{column} {where}))"

    # --- queries ------------------------------------------------------------------------------

    def source(self, depth: int) -> tuple[str, Names]:
        """FROM, and the columns that it brings."""
        text, names = self._table(depth)
        for _ in range(self._draw(st.integers(0, 2))):
            kind = self._one(["join", "left join", "full join", "right join", "cross join", ","])
            if kind in (",", "cross join"):
                if self._chance(50):
                    text, names = self._lateral(text, names)
                    continue
                more, others = self._table(depth, small=True)
                text, names = f"{text} {kind} {more}", Names((*names.columns, *others.columns))
                if kind == ",":
                    return text, names
                continue
            more, others = self._table(depth)
            both = Names((*names.columns, *others.columns))
            equal = f"{self._one(names.of(INT))} = {self._one(others.of(INT))}"
            if kind != "full join" and self._chance(30):
                equal += f" and {self._bool(both, 1)}"
            text, names = f"{text} {kind} {more} on {equal}", both
        return text, names

    def _lateral(self, text: str, names: Names) -> tuple[str, Names]:
        alias = self._alias()
        arrays = names.of(ARRAY)
        if arrays and self._chance(40):
            rows = f"unnest({self._one(arrays)}) as {alias}(v)"
            kept = self._one([f"cross join {rows}", f"left join lateral {rows} on true"])
            return f"{text} {kept}", Names((*names.columns, (f"{alias}.v", TEXT)))
        if self._chance(20):
            series = f"generate_series(1, {self._one([*names.of(INT), '3'])} % 4)"
            return (f"{text} cross join {series} as {alias}(v)",
                    Names((*names.columns, (f"{alias}.v", INT))))  # fmt: skip
        inside = self.expression(INT, names, 1)
        return (
            f"{text} cross join lateral (select {inside} as v) {alias}",
            Names((*names.columns, (f"{alias}.v", INT))),
        )

    def _table(self, depth: int, *, small: bool = False) -> tuple[str, Names]:
        alias = self._alias()
        if depth > 0 and self._chance(25):
            query, classes = self.query(depth - 1)
            columns = tuple((f"{alias}.c{k}", c) for k, c in enumerate(classes))
            if any(c == INT for c in classes):
                labels = ", ".join(f"c{k}" for k in range(len(classes)))
                return f"({query}) as {alias}({labels})", Names(columns)
        table = self._one(self._small if small else list(self._tables))
        known = tuple((f"{alias}.{c}", k) for c, k in self._tables[table])
        return f"{table} {alias}", Names(known)

    def query(self, depth: int) -> tuple[str, list[str]]:
        """A query without ORDER BY, and the classes of its columns; the first is an integer."""
        if depth > 0 and self._chance(15):
            return self._combined(depth - 1)
        text, names = self.source(depth)
        where = f" where {self._bool(names, 2)}" if self._chance(50) else ""
        if self._chance(30):
            return self._grouped(text, names, where)
        classes = [INT, *(self._one(_ANY) for _ in range(self._draw(
            st.integers(0, 2))))]  # fmt: skip
        outputs = [self.expression(c, names) for c in classes]
        if self._chance(25):
            outputs.append(self._window(names))
            classes.append(INT)
        distinct = "distinct " if self._chance(15) else ""
        return f"select {distinct}{', '.join(outputs)} from {text}{where}", classes

    def _window(self, names: Names) -> str:
        by = ", ".join(name for name, class_ in names.columns if class_ not in (BYTES, JSON))
        partition = ""
        if self._chance(50):
            partition = f"partition by {self.expression(self._one(_CLASSES), names, 1)} "
        call = self._one([
            "row_number()", "rank()", "dense_rank()", "count(*)",
            f"sum({self._one(names.of(INT))})", f"max({self._one(names.of(INT))})",
        ])  # fmt: skip
        if call in ("rank()", "dense_rank()") and self._chance(50):
            key = self.expression(self._one(_CLASSES), names, 1)
            by = f"{key} {self._one(['', 'desc', 'nulls first', 'desc nulls last'])}, 1 + 1"
        frame = ""
        if call[:3] in ("cou", "max") and self._chance(40):
            frame = " " + self._one(_FRAMES)
        if call == "row_number()" or call[:3] == "sum":
            return f"(count(*) over ({partition}order by {by}))::int"
        return f"({call} over ({partition}order by {by}{frame}))::int"

    def _grouped(self, text: str, names: Names, where: str) -> tuple[str, list[str]]:
        classes = [self._one(_CLASSES) for _ in range(self._draw(st.integers(1, 2)))]
        keys = [self.expression(c, names, 1) for c in classes]
        keys = [k if any(k == c for c, _ in names.columns) else f"({k})" for k in keys]
        aggregates, kinds = ["count(*)::int"], [INT]
        for _ in range(self._draw(st.integers(0, 2))):
            class_ = self._one((INT, FLOAT, TEXT, DATE, TIME))
            inside = self.expression(class_, names, 1)
            call = self._one(["min", "max"])
            if class_ == INT and self._chance(50):
                aggregates.append(f"count(distinct {inside})::int")
            elif class_ == INT and self._chance(40):
                aggregates.append(f"(sum({inside}))::int")
            else:
                aggregates.append(f"{call}({inside})")
            kinds.append(class_)
            if self._chance(30):
                plain = aggregates[-1].removesuffix("::int")
                aggregates[-1] = f"{plain} filter (where {self._bool(names, 1)})"
                if class_ == INT:
                    aggregates[-1] = f"({aggregates[-1]})::int"
        having = f" having count(*) {self._one(COMPARISONS)} 2" if self._chance(25) else ""
        by = ", ".join(keys)
        if self._chance(20) and not any("(" in key for key in keys):
            by = self._one([f"rollup ({by})", f"cube ({by})", f"grouping sets (({by}), ())"])
        return (
            f"select {', '.join([*aggregates, *keys])} from {text}{where} group by {by}{having}",
            [*kinds, *classes],
        )

    def _combined(self, depth: int) -> tuple[str, list[str]]:
        first, names = self.source(depth)
        other, others = self.source(depth)
        classes = [INT, self._one(_CLASSES)]
        left = ", ".join(self.expression(c, names, 1) for c in classes)
        right = ", ".join(self.expression(c, others, 1) for c in classes)
        word = self._one(["union", "union all", "except", "intersect", "except all",
                          "intersect all"])  # fmt: skip
        return f"select {left} from {first} {word} select {right} from {other}", classes

    def statement(self) -> Drawn:
        """A whole statement."""
        query, classes = self.query(2)
        prefix = ""
        if self._chance(20):
            labels = ", ".join(f"c{k}" for k in range(len(classes)))
            prefix = f"with w({labels}) as ({query}) "
            query = self._one([
                "select * from w", "select a.*, b.c0 from w a left join w b on a.c0 = b.c0 + 1",
                "select c0, count(*) from w group by c0",
                "select * from w where c0 = (select max(c0) from w)",
            ])  # fmt: skip
            if " a left" in query:
                classes = [*classes, INT]
            if "count" in query:
                classes = [INT, INT]
        order = ", ".join(
            f"{k + 1} {self._one(['', 'desc', 'nulls first', 'desc nulls last'])}".strip()
            for k in range(len(classes))
        )
        tail = f" order by {order}"
        if self._chance(40):
            tail += f" limit {self._draw(st.integers(0, 8))}"
            if self._chance(40):
                tail += f" offset {self._draw(st.integers(0, 4))}"
        return Drawn(f"{prefix}{query}{tail}", ordered=True)


@st.composite
def statements(draw: Draw, tables: Tables = COLUMNS, small: Sequence[str] = _SMALL) -> Drawn:
    """A statement over the tables of `sql_tables`, or over others."""
    return Grammar(draw, tables, small).statement()
