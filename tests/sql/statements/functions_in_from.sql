select * from generate_series(1, 5)

select * from generate_series(1, 10, 3) g

select g, g * 2 from generate_series(1, 10, 3) g

select g.v from generate_series(1, 3) as g(v) order by 1 desc

select * from generate_series(5, 1, -2) with ordinality

select * from generate_series(5, 1, -2) with ordinality as x(a, b)

select * from generate_series(1, 3) a, generate_series(1, a) b order by 1, 2

select a, b from generate_series(1, 3) a left join generate_series(2, 4) b on a = b order by 1

select * from generate_series(1, 0)

select * from generate_series(1, 3, 0)

select * from generate_series(null, 3)

-- refused: generate_series of numeric is not supported
select * from generate_series(1.5, 3)

select sum(g) from generate_series(1, 100) g

select * from generate_series(date '2026-01-01', date '2026-01-03', interval '1 day')

select * from generate_series(timestamp '2026-01-01', '2026-01-02', '12 hours') t

select * from generate_series(1::bigint, 3) g

select u.id, g from users u, generate_series(1, u.id) g where u.id < 4 order by 1, 2

select u.id, g from users u left join generate_series(1, 2) g on g = u.id order by 1

select u.id, t from users u, unnest(u.tags) t order by 1, 2

select u.id, t from users u left join unnest(u.tags) t on true order by 1, 2

select u.id, t, ord from users u, unnest(u.tags) with ordinality as x(t, ord) order by 1, 3

select * from unnest(array[1, 2, 3])

select * from unnest(array['a', 'b']) with ordinality

select * from unnest(array[1, 2, 3], array['a', 'b'])

select * from unnest(array[1, 2, 3], array['a', 'b']) as t(n, s)

select * from unnest(array[1, 2], array['a', 'b', 'c']) with ordinality as t(n, s, o) order by o

select * from unnest('{}'::int[])

select * from unnest(null::int[])

select * from rows from (generate_series(1, 3), generate_series(10, 11)) as x(a, b)

select * from rows from (unnest(array['a', 'b']), generate_series(1, 3)) with ordinality

select x.* from unnest(array[3, 1, 2]) x order by 1

select x from unnest(array[3, 1, 2]) x where x > 1 order by x

select unnest from unnest(array[1])

select x.unnest from unnest(array[1]) x

select x.x from unnest(array[1]) x

select count(*) from gens, unnest(tags)

select id, count(t) from gens left join lateral unnest(tags) t on true group by id order by id

select t, count(*) from gens, unnest(tags) t group by t order by t

select key, value from jsonb_each('{"a": 1, "b": [2]}') order by key

select u.id, e.key, e.value from users u, jsonb_each(u.meta) e order by 1, 2

select u.id, e.key, e.value from users u, jsonb_each_text(u.meta->'nested') e order by 1, 2

select u.id, k from users u, jsonb_object_keys(u.meta) k order by 1, 2

select u.id, v from users u, jsonb_array_elements(u.meta->'nested'->'a') v order by 1, 2

select v, o from jsonb_array_elements_text('["x", null, 3]') with ordinality e(v, o) order by o

select * from jsonb_to_record('{"a": 1, "s": "x"}') as x(a int, s text)

select * from jsonb_to_recordset('[{"a": 1}, {"a": 2, "s": "y"}]') as x(a int, s text)

select * from upper('x')

select * from upper('x') u

-- refused: function nope() is not supported
select * from nope(3)

select * from generate_series('a', 'b')

select generate_series(1, 3)

select generate_series(1, 3) g, 'x'

select id, generate_series(1, id) from users where id < 4 order by 1, 2

select generate_series(1, 2), generate_series(1, 4)

select unnest(array[1, 2]), unnest(array['a', 'b', 'c'])

select id, unnest(tags) from users order by id, 2

select unnest(tags) t, count(*) from gens group by t order by t

select unnest(tags) t, count(*) from gens group by 1 order by 2 desc, 1

select distinct unnest(tags) from gens order by 1

select generate_series(1, 3) + 1

select generate_series(1, 3) order by 1 desc

select generate_series(1, 5) limit 2

select sum(generate_series(1, 3))

select id from users where generate_series(1, 2) = 1

select count(*) from users group by generate_series(1, 2)

select case when true then generate_series(1, 2) end

select coalesce(generate_series(1, 2), 1)

select max(x) from (select generate_series(1, 4) x) t

select array(select generate_series(1, 3))

select id from users where id in (select generate_series(1, 3)) order by id

select jsonb_object_keys('{"a": 1, "b": 2}') order by 1

select jsonb_array_elements('[1, 2]')

select * from generate_series(1, 3) g(a, b)

select g.ordinality from generate_series(1, 2) with ordinality g order by 1

select count(*) from (select * from current_date) x where x."current_date" = now()::date

select * from (select 1) x, lateral generate_series(1, 2) y

-- refused: TABLESAMPLE is not supported
select * from users tablesample system (100)

-- refused: TABLESAMPLE is not supported
select * from users tablesample bernoulli (100)

select count(*) from generate_series(1, 1000) g where g % 7 = 0

select g from generate_series(3, 1) g

select * from string_to_table('a,b', ',')

select * from regexp_split_to_table('a1b2c', '[0-9]') t

select regexp_matches('foobar', 'o(.)', 'g')

select count(*), generate_series(1, 2) from users order by 2

select model, generate_series(1, count(*)) g from gens where id < 8 group by model order by 1, 2

select model, unnest(array_agg(id order by id)) from gens where id < 8 group by model order by 1, 2

select id, row_number() over (order by id desc) r, generate_series(1, 2) g from users where id < 4 order by id, g

select id, unnest(tags), count(*) over () from gens where id < 7 order by 1, 2

select max(id), unnest(array['a', 'b']), generate_series(1, 3) from users order by 3

select model, count(*), generate_series(1, 2) * 10 as g from gens group by model having count(*) > 5 order by g, model limit 4

select distinct count(*), generate_series(1, 2) from gens group by model order by 1, 2

select generate_series(1, count(*)) + count(*) from users where id < 3 order by 1

select model, generate_series(1, 2) from gens group by model, rating having count(*) > 1 order by 1, 2

select unnest(array[model, 'x']) u, count(*) from gens group by model order by u, 2

select id, unnest(tags) from gens group by model

select sum(generate_series(1, 2)) over () from users

select id, regexp_matches(prompt, '[a-z]o', 'g') from gens where id < 7 order by 1, 2

select m[1], m[2] from regexp_matches('foobarbequebazil', 'ba(.)(.)', 'g') as m

select id, m from users left join lateral regexp_matches(name, '[aA]') m on true order by id
