-- refused: function max() of arrays of jsonb is not supported.
select max(a) from (values (array['{"a":1}'::jsonb]), (array['10'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: function max() of arrays of jsonb is not supported.
select max(a) over () from (values (array['{"a":1}'::jsonb]), (array['10'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: function min() of arrays of jsonb is not supported.
select min(a) from (values (array['10'::jsonb]), (null), (array[]::jsonb[])) t(a)

select count(distinct a) from (values (array['10'::json])) t(a)

select a from (values (array['10'::json])) t(a) group by a

-- refused: array_agg of arrays is not supported.
select array_agg(a order by a) from (values (array['10'::json])) t(a)

-- refused: UNION of json[] is not supported. Cast it to text, or say UNION ALL.
select array['10'::json] union select array['10'::json]

select array['10'::json] union all select array['10'::json]

-- refused: EXCEPT of json[] is not supported. Cast it to text, or say UNION ALL.
select array['10'::json] except select array['10'::json]

select rank() over (order by a) from (values (array['10'::json])) t(a)

select rank() over (partition by a) from (values (array['10'::json])) t(a)

select distinct on (a) a from (values (array['10'::json])) t(a)

select greatest(array['1'::json], array['2'::json])

select least(array['1'::json])

-- refused: function max() of arrays of json is not supported.
select max(a) from (values (array['10'::json])) t(a)

select array['1'::json] < array['2'::json]

select array['1'::json] <> array['2'::json]

select array['1'::json] @> array['2'::json]

select array['1'::json] && array['2'::json]

select array_position(array['1'::json], '1')

select array_remove(array['1'::json], '1')

select array_replace(array['1'::json], '1', '2')

select array_positions(array['1'::json], '1')

select nullif(array['1'::json], array['1'::json])

select array['1'::json] in (array['1'::json])

select array['1'::json] = any(array['1'::json])

select '1'::json = any(array['1'::json])

select array['1'::json] is distinct from null

select array['1'::json] is not distinct from array['1'::json]

select 1 from (values (array['1'::json])) a(x) join (values (array['1'::json])) b(x) using (x)

select 1 from (values (array['1'::json])) a(x) where x in (select array['1'::json])

select mode() within group (order by a) from (values (array['10'::json])) t(a)

-- refused: the order of arrays of jsonb is not supported.
select mode() within group (order by a) from (values (array['10'::jsonb])) t(a)

-- refused: mode of jsonb is not supported.
select mode() within group (order by a) from (values ('10'::jsonb), ('10.0')) t(a)

select mode() within group (order by a) from (values ('10'::json)) t(a)

-- refused: percentile_disc of jsonb is not supported.
select percentile_disc(0.5) within group (order by a) from (values ('10'::jsonb), ('10.0')) t(a)

-- refused: the order of arrays of jsonb is not supported.
select percentile_disc(0.5) within group (order by a) from (values (array['10'::jsonb])) t(a)

-- refused: percentile_disc of integer[] is not supported.
select percentile_disc(0.5) within group (order by a) from (values (array[10]), (array[9])) t(a)

select max(payload) from events

-- refused: function max() of arrays of jsonb is not supported.
select max(array[payload]) from events

-- refused: operator = of arrays of jsonb is not supported.
select case array['1'::jsonb] when array['1.0'::jsonb] then 1 end

-- refused: operator >= of arrays of jsonb is not supported.
select array['1'::jsonb] between array['1'::jsonb] and array['2'::jsonb]

select lag(a) over (order by a) from (values (array['10'::json])) t(a)

-- refused: function min() of arrays of jsonb is not supported.
select min(a) from (values (array['{"a":1}'::jsonb]), (array['10'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: the order of arrays of jsonb is not supported.
select a from (values (array['{"a":1}'::jsonb]), (array['10'::jsonb]), (array['9'::jsonb])) t(a) order by a

-- refused: the order of arrays of jsonb is not supported.
select count(*) from (values (array['1.0'::jsonb]), (array['1'::jsonb]), (array['9'::jsonb])) t(a) group by a

-- refused: the order of arrays of jsonb is not supported.
select count(distinct a) from (values (array['1.0'::jsonb]), (array['1'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: the order of arrays of jsonb is not supported.
select distinct a from (values (array['1.0'::jsonb]), (array['1'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: operator = of arrays of jsonb is not supported.
select array['1.0'::jsonb] = array['1'::jsonb]

-- refused: operator < of arrays of jsonb is not supported.
select array['10'::jsonb] < array['9'::jsonb]

-- refused: operator = of arrays of jsonb is not supported.
select array['10'::jsonb] is distinct from array['10.0'::jsonb]

-- refused: the order of arrays of jsonb is not supported.
select greatest(array['10'::jsonb], array['9'::jsonb])

-- refused: the order of arrays of jsonb is not supported.
select a, row_number() over (order by a) from (values (array['{"a":1}'::jsonb]), (array['10'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: the order of arrays of jsonb is not supported.
select a, count(*) over (partition by a) from (values (array['1.0'::jsonb]), (array['1'::jsonb])) t(a)

-- refused: array_agg of arrays is not supported.
select array_agg(a order by a) from (values (array['10'::jsonb]), (array['9'::jsonb])) t(a)

-- refused: UNION of jsonb[] is not supported. Cast it to text, or say UNION ALL.
select array['1.0'::jsonb] union select array['1'::jsonb]

-- refused: function array_position() of arrays of jsonb is not supported.
select array_position(array['1.0'::jsonb], '1'::jsonb)

-- refused: function array_remove() of arrays of jsonb is not supported.
select array_remove(array['1.0'::jsonb], '1'::jsonb)

select '1'::jsonb = any(array['1.0'::jsonb])

-- refused: operator @> of arrays of jsonb is not supported.
select array['1.0'::jsonb] @> array['1'::jsonb]

-- refused: operator && of arrays of jsonb is not supported.
select array['1.0'::jsonb] && array['1'::jsonb]

-- refused: operator = of arrays of jsonb is not supported.
select nullif(array['1.0'::jsonb], array['1'::jsonb])

-- refused: operator = of arrays of jsonb is not supported.
select array['1.0'::jsonb] in (array['1'::jsonb])

-- refused: operator = of arrays of jsonb is not supported.
select 1 from (values (array['1.0'::jsonb])) a(x) join (values (array['1'::jsonb])) b(x) on a.x = b.x

-- refused: operator = of arrays of jsonb is not supported.
select 1 from (values (array['1.0'::jsonb])) a(x) join (values (array['1'::jsonb])) b(x) using (x)

-- refused: function max() of arrays of json is not supported.
select max(a) from (values (array['{"a":1}'::json]), (array['10'::json])) t(a)

select a from (values (array['{"a":1}'::json]), (array['10'::json])) t(a) order by a

select distinct a from (values (array['{"a":1}'::json]), (array['10'::json])) t(a)

select array['1'::json] = array['1'::json]

-- refused: 24:00:00 has no value of Python. Cast it to text, or take the result as Arrow.
select '24:00:00'::time

select '24:00'::time::text

-- refused: 24:00:00 has no value of Python. Cast it to text, or take the result as Arrow.
select array['24:00:00'::time]

select '24:00:00'::time > '23:59:59'::time

select '24:00:00'::time - '00:00:00'::time

select '24:00:00'::time::interval

-- refused: 24:00:00 has no value of Python. Cast it to text, or take the result as Arrow.
select '23:59:59.9999999'::time

-- refused: 24:00:00 has no value of Python. Cast it to text, or take the result as Arrow.
select '23:59:60'::time

select '24:00:00.000001'::time

select time '24:00:00' + interval '1 hour'

-- refused: 24:00:00 has no value of Python. Cast it to text, or take the result as Arrow.
select max(t) from (values ('24:00:00'::time), ('10:00'::time)) x(t)

select '24:00:00'::time = '00:00:00'::time

select extract(hour from '24:00:00'::time)

select extract(epoch from '24:00:00'::time)

-- refused: to_char of intervals
select to_char('24:00:00'::time, 'HH24:MI')

select '2020-01-01'::date + '24:00:00'::time

select json_build_array('24:00:00'::time)

select interval '24 hours'::time

select '24:00:00'::time || ''

select array['24:00:00'::time]::text

select array[1] = array[1.0]

select array[1] = array[1::bigint]

select array[1::float8] < array[1]

select array[1] && array[1.0]

select array[1] @> array[1::bigint]

select array[1] is distinct from array[1.0]

select array[1] || array[1.0]

select coalesce(array[1], array[1.0])

select array[1] in (array[1.0])

select case when true then array[1] else array[1.5] end

select array[1] union select array[1.0]

select 1 = any(array[1.0])

select array[1]::bigint[] = array[1]::bigint[]

select nullif(array[1], array[1.0])

select null is distinct from null

select 'a' is distinct from null

select null is not distinct from 'a'

select (null::int, 1) is distinct from (null, 1)

select coalesce(array['a'::varchar], array['b'::text])

select coalesce(array[1], array['2020-01-01'::date])

select case when false then array[1] else array[1.5::float8] end

select array[1.5] union all select array[1]

select greatest(array[1], array[1.5])

select greatest(array[1.5], array[1])

values (array[1]), (array[2.5])

select array[1] || array[2.5]

select array[1] || 2.5

select array_cat(array[1], array[2.5])

-- refused: arrays of arrays are not supported.
select array[array[1], array[2.5]]

select id from users where tags && array['a'::varchar]

select id from users where tags && '{a}'

select array[1] = '{1}'

select 1 from gens where user_id is distinct from null and id < 2

select array[1.5] in (array[1.5], array[2.50])

select array[1::int2] = any(array[1])

