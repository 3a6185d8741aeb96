select u.id, (select count(*) from gens g where g.user_id = u.id and g.id in (select gen_id from media m where m.id > u.id)) c from users u order by u.id

select u.id, t.* from users u, lateral (select max(g.id) m, min(g.id) n from gens g where g.user_id = u.id) t where t.m is not null order by u.id

select u.id, t.x from users u cross join lateral (select u.age + s x from generate_series(1, u.id % 3) s) t order by 1, 2

select * from generate_series(1, 3) a(x) left join lateral generate_series(a.x, 2) b(y) on b.y > 1 order by 1, 2

select a.x, c.z from (values (1), (2)) a(x), lateral (select a.x * 2 y) b, lateral (select b.y + a.x z) c order by 1

select x, (select max(y) from (values (1), (5), (9)) v(y) where y < x) from (values (0), (6), (10)) t(x) order by x

select u.id from users u where (select bool_and(g.rating > 0) from gens g where g.user_id = u.id) order by 1

select u.id, (select json_agg(g.model order by g.id) from gens g where g.user_id = u.id) from users u order by u.id

select g.id, (select u.name from users u where u.id = g.user_id) || ':' || coalesce(g.model, '-') from gens g order by g.id limit 10

select u.id from users u join lateral (select 1 from gens g where g.user_id = u.id and g.rating = (select max(rating) from gens h where h.user_id = u.id)) x on true order by u.id

select distinct (select count(*) from gens g where g.user_id = u.id) from users u order by 1

select (select count(*) from gens g where g.user_id = u.id) c, count(*) from users u group by c order by c

select (select sum(x) from unnest(e.nums) x) s from events e order by s nulls first, id

select sum((select count(*) from unnest(e.nums))) from events e

select u.id, row_number() over (order by (select count(*) from gens g where g.user_id = u.id) desc, u.id) from users u order by 2

select case when exists (select 1 from gens g where g.user_id = u.id and g.rating > 4) then 'hi' when exists (select 1 from gens g where g.user_id = u.id) then 'lo' else 'none' end k, count(*) from users u group by 1 order by 1

select u.id, v.k, v.n from users u join (values (1, 'one'), (2, 'two'), (null, 'null')) v(k, n) on u.id = v.k or (v.k is null and u.id = 3) order by 1

select a.id, b.id from users a full join users b on a.id = b.id + 8 order by a.id, b.id

select coalesce(a.id, 0) + coalesce(b.id, 0) s from users a full join gens b on a.id = b.user_id and b.rating > 4 where a.id is null or b.id is null order by s

select count(*) from users a cross join users b where a.id <> b.id and not a.active

select a.id from users a where a.id = some (select b.id from users b where b.age > a.age) order by 1

select count(*) from gens g left join users u using (id) where u.name is null

select id, name, model from users join gens using (id) order by id limit 5

select * from users natural join labeled order by k, "Id" limit 2

select u.id, g.model from users u join gens g on (u.id, u.id + 1) = (g.user_id, g.id) order by 1, 2

select sum(1) over (partition by model order by id), count(*) over (), id from gens where id < 10 order by id

select id, sum(frames) over w1, avg(rating) over (w1 rows between 1 preceding and current row) from gens where id < 12 window w1 as (partition by model order by id) order by id

select id, frames - lag(frames) over w d, first_value(model) over w from gens where frames is not null window w as (order by frames, id) order by frames, id limit 8

select id, rank() over (partition by model order by rating desc nulls last), count(*) filter (where rating > 3) over (partition by model) from gens where id < 15 order by id

select id, max(rating) over (order by id rows between 3 preceding and 1 preceding), min(rating) over (order by id rows between 1 following and 3 following) from gens where id < 12 order by id

select id, sum(id) over (order by id rows between 2 following and 1 following), count(*) over (order by id rows between 1 preceding and 2 preceding) from gens where id < 5 order by id

select id, array_agg(id) over (partition by active order by id desc) from users order by id

select id, last_value(id) over (partition by active order by age range between current row and unbounded following) from users order by id

select id, sum(age) over (order by id range between 2 preceding and 2 following), count(*) over (order by age range between 5 preceding and 5 following) from users where age is not null order by id

select model, max(max(rating)) over (), avg(sum(frames)) over (order by model) from gens group by model order by model

select id, ntile(4) over (order by rating nulls first, id), row_number() over () > 0 from gens where id < 10 order by id

select id, percentile_cont(0.5) within group (order by rating) over () from gens

select id, count(distinct model) over () from gens

select row_number() over (order by id) from users where row_number() over (order by id) > 1

select id, sum(x) over (order by id) from (select id, sum(frames) x from gens group by id) q order by id limit 4

select coalesce(model, 'all') m, grouping(model) g, count(*) from gens group by grouping sets ((model), ()) order by g, m

select model, case when grouping(model) = 1 then 'total' else 'part' end, sum(price) from gens group by cube (model) order by 2, 1

select active, extract(year from joined) y, count(*) from users group by grouping sets ((active, extract(year from joined)), (active)) order by 1, 2, 3

select model, sum(sum(frames)) over (partition by grouping(model)) from gens group by rollup (model) order by 1

select count(*) from gens group by grouping sets (rollup (model), cube (user_id)) order by 1 limit 5

select grouping(model, user_id), count(*) from gens group by distinct rollup (model, user_id), rollup (model) order by 1, 2

select upper(model) m, count(*) from gens group by upper(model) having upper(model) <> 'FLUX' order by m

select id % 3 k, count(*) from gens group by id % 3, k order by k

select model as id, count(*) from gens group by id order by 2 desc, 1 limit 3

with recursive t(n) as (values (1) union all select n + 1 from t where n < 100) select sum(n), avg(n) from t

with recursive t(a, b) as (select 1, 1 union all select b, a + b from t where b < 100) select a from t

with recursive p(id, parent) as (values (1, null::int), (2, 1), (3, 1), (4, 2), (5, 4)), r as (select id, array[id] path, 0 d from p where parent is null union all select p.id, path || p.id, d + 1 from p join r on p.parent = r.id) select * from r order by path

with recursive t as (select 0 n, 'x' s union all select n + 1, s || 'y' from t where n < 2) select * from t

with recursive t(n) as (select 1 union all select n + 1 from t where n < 5 limit 3) select * from t

with recursive t(n) as (select 1 union all select n from t where n < 1 union all select 2) select * from t

with recursive t(n) as (select 1 union all (select n + 1 from t where n < 3 order by n)) select n from t order by n desc

with recursive d(n, f) as (select 0, 1::numeric union all select n + 1, f * (n + 1) from d where n < 20) select f from d where n = 20

with t as (select id from users), t2 as (select * from t where id > 10) select (select count(*) from t), (select count(*) from t2)

with t(a) as (select 1 union select 2) select a.a, b.a from t a, t b where a.a < b.a

select distinct on (model) model, id, rating from gens where rating is not null order by model desc nulls last, rating desc, id

select distinct on (active) active, name from users order by active nulls first, age desc nulls last

select distinct on (a, b) a, b, c from (values (1, 1, 'x'), (1, 1, 'y'), (1, 2, 'z')) v(a, b, c) order by a, b desc, c desc

select distinct a from (values (1.0), (1.00), (2)) v(a) order by a

select distinct a from (values ('a'), ('A'), ('a ')) v(a) order by a

select count(distinct a) from (values (0.0::float8), ('-0'::float8), ('nan'), ('nan')) v(a)

(select 1 a union all select 1) except select 1

(select 1 a union all select 1 union all select 2) except all select 1 order by a

select 1 a, null b union select 1, null order by a

select id from users where id < 3 union all (select id from users where id > 10 order by id desc limit 1) order by id desc

select 'a' x union all select null union all select 'b' order by x desc nulls last limit 2

select 1::int2 union select 2::int8 order by 1

select date '2020-01-01' union select timestamp '2020-01-01 10:00' order by 1

select 'x'::varchar(3) union select 'longer' order by 1

select array[1, 2] intersect select array[1, 2]

select null intersect select null

select 1 union all select 2 order by -1

values (1), (2) union all values (3) order by 1 desc

select * from (values (1, 'a'), (2, 'b')) v(x, y) where (x, y) > (1, 'a')

select * from (values (1), (2), (3), (null)) v(x) where x not in (1, 2) or x is null order by x

select x between 1 and 2, x not between symmetric 3 and 2, x in (1, null), x = any (array[1, 2]) from (values (1), (3), (null)) v(x) order by x

select x, x is true, x is not false, not x, x and null, x or null from (values (true), (false), (null)) v(x) order by x

select nullif(x, ''), coalesce(nullif(x, ''), 'e'), x || null, length(x) from (values (''), ('a'), (null)) v(x) order by x

select x::text, x::numeric(4, 1), x::int, round(x), trunc(x), ceil(x) from (values (0.05), (-0.05), (1.25), (2.5), (-2.5)) v(x) order by x

select x::text, x::int, round(x)::text, trunc(x)::text, x::numeric::text from (values (0.5::float8), (1.5), (-0.5), (1e15), (123456.789)) v(x) order by x

select x::float4::text, x::float8::text, (x::float4)::float8::text from (values (0.1), (1e10), (16777217), (1.1e-7)) v(x) order by x

select 100000::float4::text, 1000000::float4::text, 123456.7::float4::text, 1e-4::float4::text, 0.00001::float4::text, 99999.99::float4::text

select 1e14::float8, 1e14::float8::text, 1e16::float8::text, 0.0001::float8::text, 0.00001::float8::text, 1/3::float8, 100::float8::text, 5e-324::float8::text, 1.7976931348623157e308::float8::text

select f4, f4::numeric, round(f4), f4 * 1.1, f4 + 1, f4::int from events where id < 5 order by id

select sum(f4), avg(f4), max(f4), stddev(f4), sum(f4::numeric) from events

select to_char(f4, '0.000'), to_char(rating, 'FM90.00') from events, gens where gens.id = events.id and f4 is not null and rating is not null order by events.id

select '  x '::text = 'x', 'a'::char(3) = 'a', 'a'::char(3) || 'b', ('a'::char(3))::text || 'b', length('a'::char(3)), 'a '::varchar = 'a'

select cast('12' as int) + 1, cast(1.7 as int), cast('t' as boolean), cast(null as int), int '5', float8 '1.5', numeric '1.50', bool 'yes', text 'x', date '2020-01-01'

select '1'::int::text::int8, 1::text || 2::text, true::text, (1 = 1)::int, '2020-01-01'::date::text, '12:30'::time::text, '1 day'::interval::text, '{1,2}'::int[]::text, '\x01'::bytea::text

select 1::bool, 0::bool, 5::bool

select 1.5::bool

select 'a'::int

select true + 1

select 5 / 0.0

select 5 % 0

select 1 / null, null + 1, null || 'a', null = 1, not null, null and false, null or true

select 'abc' < 'abd', 'abc' < 'ABD', 'Z' < 'a', '10' < '9', 'é' > 'z', '' < 'a', 'a' < 'aa'

select upper(name), lower(name), initcap(name) from users where name is not null order by name desc limit 4

select substring(prompt from '[a-z]+'), substring(prompt from '(\w)\w*$') from gens where id < 8 order by id

select regexp_replace(prompt, '(\w+) (\w+)', '\2 \1'), regexp_replace(prompt, '[aeiou]', '', 'g') from gens where id < 8 order by id

select regexp_matches(prompt, '\d+'), id from gens where id < 13 order by id

select prompt ~ '^\D+$', prompt ~* 'GOLD', prompt !~ 'a', prompt ~ 'é|ü' from gens where id < 8 order by id

select 'a.c' ~ 'a\.c', 'abc' ~ 'a.c', 'a\c' ~ 'a\\c', 'ab' ~ 'a{1,2}b', 'aab' ~ '^a{2}b', 'x' ~ '', 'ABC' ~ '(?i)abc', E'a\tb' ~ '\s', 'a-b' ~ '[a\-z]-'

-- refused: \y in regular expressions is not supported.
select 'foo' ~ 'fo+$', 'foo' ~ '^$', 'a|b' ~ 'a\|b', 'ab12' ~ '^[[:alnum:]]+$', 'é' ~ '^[[:alpha:]]$', 'a b' ~ '\y', 'aXb' ~ '[^[:lower:]]'

select regexp_split_to_array('a,b;c', '[,;]'), regexp_split_to_array('abc', 'x'), regexp_split_to_array(',a,', ','), array_to_string(regexp_split_to_array('one  two', ' +'), '|')

select regexp_replace('aaa', 'a', 'b'), regexp_replace('aaa', 'a', 'b', 'g'), regexp_replace('abc', '(.)(.)', '\2\1'), regexp_replace('abc', 'x*', '-', 'g'), regexp_replace('a.b', '.', '\\', 'g')

-- refused: function like_escape() is not supported.
select like_escape('a', 'b')

select 'a_b' like 'a\_b', 'axb' like 'a\_b', 'a%' like 'a|%' escape '|', 'abc' like '_b_', 'abc' not like '%d%', null like 'a', 'a' like null, '' like '', E'a\nb' like 'a%b', 'ÀB' ilike 'àb'

select 'x'::varchar(3) union select 'longer'::varchar(9) order by 1

select 'x'::char(3) x union all select 'longer'

select 'x'::char(3) x union all select 'longer'::char(8)

select 1.5::numeric(5, 2) x union all select 1.234

select 1.5::numeric(5, 2) x union all select '1.234'

select coalesce(null::varchar(3), 'longer'), case when false then 'x'::varchar(3) else 'longer' end, greatest('x'::varchar(1), 'abc'), nullif('abc'::varchar(2), 'x')

select coalesce(null::char(3), 'longer'), case when false then 'x'::char(3) else 'longer' end || '|'

select coalesce(null::numeric(5, 1), '1.234'), coalesce(null::numeric(5, 1), 1.234), case when false then 1::numeric(3, 1) else '2.345' end

select x from (values ('ab'::varchar(2)), ('longer')) v(x)

select x from (values ('longer'), ('ab'::varchar(2))) v(x)

select x from (values (1.5::numeric(3, 1)), ('2.345')) v(x)

select array['a'::varchar(1), 'longer'], 'longer' = any (array['l'::varchar(1)])

select 'l'::varchar(1) = 'longer', 'l'::varchar(1) in ('longer', 'l'), 'longer' between 'l'::varchar(1) and 'm'::varchar(1), 'lo'::char(1) = 'lo'

select 1.2::numeric(3, 1) = '1.23', 1.2::numeric(3, 1) in ('1.23'), 1.2::numeric(3, 1) < '1.23'

select 'l'::varchar(1) || 'onger', lower('ABC'::varchar(2)), 'ABC'::varchar(2)::text, concat('abc'::varchar(1), 'x')

select max(x), min(x), string_agg(x, ',') from (values ('abc'::varchar(2)), ('z')) v(x)

select distinct x from (select 'abc'::varchar(2) x union all select 'abc') q order by 1

select lag(x, 1, 'longer') over (order by x) from (values ('a'::varchar(1)), ('b')) v(x)

select price, coalesce(price, '1.239') from gens where id in (5, 6) order by id

select case when price is null then '1.239' else price end from gens where id in (5, 6) order by id

select price in ('1.239', 3.31) from gens where id < 4 order by id

select price from gens where id = 1 union all select '7.777'

select array[price, '1.999'] from gens where id = 1

select array_append(array['a'::varchar(1)], 'long'), array['a']::varchar(1)[] || 'long'

select '{abc,d}'::varchar(2)[], array['abc', 'd']::varchar(2)[], array['abc']::char(2)[]

select '{1.239}'::numeric(4, 1)[], array[1.239]::numeric(4, 1)[]

select greatest(1.25::numeric(3, 1), '1.27'), least(price, '0.001') from gens where id = 1

select 'abc'::varchar(2) x union select 'abcd'::text order by 1

with recursive t(x) as (select 'a'::varchar(3) union all select (x || 'b')::varchar(3) from t where length(x) < 3) select * from t

with recursive t(x) as (select 1.5::numeric(5, 2) union all select (x + 1)::numeric(5, 2) from t where x < 3) select * from t

select price from gens where price = '3.311'

select price from gens where price in ('3.311', '3.31')

select price from gens where price = any ('{3.311,9.93}') order by 1

select price from gens where price = any (array['3.311', 6.62]) order by 1

select price from gens where price between '3.309' and '3.311'

select price from gens where price > '3.309' and price < '3.311'

select id from gens where (price, id) = ('3.311', 1)

select id from gens where price is distinct from '3.311' and id = 1

select nullif(price, '3.311') from gens where id = 1

select case price when '3.311' then 'wrong' else 'right' end from gens where id = 1

select '1.2'::varchar(2) = '1.2', 'abc'::varchar(2) = 'abc', 'abc'::varchar(2) in ('abc'), 'ab'::varchar(2) = any ('{abc}')

select pg_typeof(coalesce('a'::varchar, 'b'::text)), pg_typeof(case when true then 'a'::varchar else 'b'::text end), pg_typeof(greatest('b'::text, 'a'::varchar)), pg_typeof(array['a'::varchar, 'b'::text]), pg_typeof(coalesce('a'::char(2), 'b'::text)), pg_typeof(coalesce('a'::text, 'b'::char(2)))

select x, pg_typeof(x) from (select 'a'::char(2) union all select 'b'::varchar) v(x)

select x || '|', pg_typeof(x) from (values ('a'::char(3)), ('bcd'::varchar)) v(x)

select x || '|', pg_typeof(x) from (values ('a'::varchar(5)), ('bcd'::char(5))) v(x)

select greatest(jsonb '2', jsonb '10'), least(jsonb '"b"', jsonb '"a"', jsonb '3'), greatest('{}'::jsonb, '[1]'::jsonb)

select greatest('a'::text, 'B', 'é'), least('a', 'B'), greatest(array[1, 2], array[1, 10]), greatest(interval '1 mon', interval '31 days'), greatest(true, false), greatest('nan'::float8, 1), least('nan'::float8, 1), greatest('\x01'::bytea, '\x0001')

select greatest(1, 2.5, 3::float8), greatest(date '2020-01-01', timestamp '2020-01-01 01:00'), least('2020-01-01', date '2021-01-01'), greatest(null, 1, null), least('b'::char(3), 'a'), greatest(uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000')

select greatest('[1]'::json, '[2]'::json)

select coalesce(time '10:00', interval '1 day')

select case when true then time '10:00' else date '2020-01-01' end

select array['{}'::json, '{}'::jsonb]

select nullif(1.5::float4, 3), nullif(2.5::float8, 1.5::float4)

select greatest(payload, '[]') from events order by id

select max(payload) from events

select min(payload), count(distinct payload) from events

select payload from events where payload > '[]' order by payload, id

select payload between '[]' and '{}' from events order by id

select case payload when '{}' then 'empty' when 'null' then 'null' else 'else' end from events order by id

select payload in ('{}', '[1, "two", null, {"three": 3}]') from events order by id

select nullif(payload, '{}') from events order by id

select row_number() over (partition by payload order by id) from events order by id

select rank() over (order by payload), id from events order by 1, 2

select distinct payload -> 'b' from events order by 1

select payload, count(*) from events group by payload order by 1, 2

select a.id, b.id from events a join events b on a.payload = b.payload and a.id < b.id order by 1, 2

select id from events where payload = any (array['{}'::jsonb, '[]']) order by id

select lag(payload) over (order by id) from events order by id

select first_value(payload) over (partition by kind order by id) from events order by id

select count(*) from events where payload is distinct from '{}'

select max(x), min(x) from (values (interval '1 mon'), (interval '31 days'), (interval '29 days'), (interval '24 hours'), (null)) v(x)

select x from (values (interval '1 mon'), (interval '31 days'), (interval '29 days 25 hours'), (null)) v(x) order by x desc

select greatest(x, interval '30 days', y), least(x, y), greatest(null, x) from (values (interval '1 mon', interval '31 days'), (null, interval '1 day'), (interval '2 days', null), (null, null)) v(x, y)

select greatest(x, '10'), least(x, y, '"q"') from (values (jsonb '2', jsonb '[]'), (null, '{}'), ('"z"', null), ('null', 'null')) v(x, y)

select greatest(jsonb '1', jsonb '2', null, jsonb '"a"', jsonb '[3]'), least(null::jsonb, null)

-- refused: operator < of arrays of jsonb is not supported.
select interval '1 mon' in (interval '30 days'), interval '1 mon' between interval '720 hours' and interval '1 mon', array[interval '1 mon'] = array[interval '30 days'], interval '1 mon' is distinct from interval '30 days', array[interval '1 mon'] < array[interval '31 days'], array[jsonb '2'] < array[jsonb '10'], row(interval '1 mon') = row(interval '30 days'), interval '30 days' = any (array[interval '1 mon'])

select max(array[interval '31 days', x]) from (values (interval '1 mon')) v(x)

-- refused: operator @> of arrays of interval is not supported.
select array_position(array[interval '1 mon'], interval '30 days'), array_remove(array[interval '1 mon'], '30 days'), array[interval '1 mon'] @> array[interval '30 days'], array[interval '1 mon'] && array[interval '30 days']

-- refused: function array_position() of arrays of jsonb is not supported.
select array_position(array[jsonb '1'], jsonb '1.0'), array[jsonb '1'] = array[jsonb '1.0'], array[jsonb '{"a":1,"b":2}'] @> array[jsonb '{"b":2,"a":1}'], array[jsonb '1.0'] && array[jsonb '1']

select array_agg(distinct x) from (values (interval '1 mon'), (interval '30 days')) v(x)

select count(distinct x) from (values (interval '1 mon'), (interval '30 days'), (interval '720 hours')) v(x)

select x, count(*) from (values (jsonb '1'), ('1.0'), ('"1"')) v(x) group by x order by 2

select a.x, b.y from (values (interval '1 mon')) a(x) join (values (interval '30 days')) b(y) on a.x = b.y

select 1 from (values (interval '1 mon')) a(x) where x in (select interval '30 days')

select interval '1 mon' union select interval '30 days'

select interval '1 mon' except select interval '30 days'

select nullif(interval '1 mon', '30 days'), case interval '1 mon' when '30 days' then 1 end

select row_number() over (partition by x), dense_rank() over (order by x) from (values (interval '1 mon'), (interval '30 days'), ('1 day')) v(x) order by 2, 1

select distinct on (x) y from (values (interval '1 mon', 1), (interval '30 days', 2)) v(x, y) order by x, y

select mode() within group (order by x) from (values (interval '1 day'), ('1 mon'), ('30 days')) v(x)

select array_agg(x order by x, y) from (values (interval '1 mon', 2), ('30 days', 1), ('1 day', 3)) v(x, y)

select lag(x) over (order by x, y) from (values (interval '1 mon', 2), ('30 days', 1), ('1 day', 3)) v(x, y)

select sum(1) over (order by x) from (values (interval '1 mon'), ('30 days'), ('1 day')) v(x)

select array[interval '1 mon'] = array[interval '30 days']

select array[interval '1 mon'] < array[interval '31 days']

select array[interval '1 mon'] is distinct from array[interval '30 days']

-- refused: operator < of arrays of jsonb is not supported.
select array[jsonb '2'] < array[jsonb '10']

-- refused: operator = of arrays of jsonb is not supported.
select array[jsonb '1'] = array[jsonb '1.0']

-- refused: operator = of arrays of jsonb is not supported.
select array[jsonb '{"a":1,"b":2}'] = array[jsonb '{"b":2,"a":1}']

select row(interval '1 mon') = row(interval '30 days')

select interval '30 days' = any (array[interval '1 mon'])

select jsonb '1' = any (array[jsonb '1.0'])

select jsonb '1.0' <> all (array[jsonb '1'])

select array_position(array[interval '1 mon'], interval '30 days')

select array_remove(array[interval '1 mon'], '30 days')

-- refused: operator @> of arrays of interval is not supported.
select array[interval '1 mon'] @> array[interval '30 days']

-- refused: operator && of arrays of interval is not supported.
select array[interval '1 mon'] && array[interval '30 days']

-- refused: function array_position() of arrays of jsonb is not supported.
select array_position(array[jsonb '1'], jsonb '1.0')

-- refused: function array_remove() of arrays of jsonb is not supported.
select array_remove(array[jsonb '1'], jsonb '1.0')

-- refused: operator && of arrays of jsonb is not supported.
select array[jsonb '1.0'] && array[jsonb '1']

-- refused: operator @> of arrays of jsonb is not supported.
select array[jsonb '1.0'] @> array[jsonb '1']

-- refused: the order of arrays of jsonb is not supported.
select x from (values (array[jsonb '10']), (array[jsonb '2'])) v(x) order by x

select x from (values (array[interval '31 days']), (array[interval '1 mon'])) v(x) order by x

-- refused: the order of arrays of jsonb is not supported.
select count(distinct x) from (values (array[jsonb '1']), (array[jsonb '1.0'])) v(x)

select array[0.0::float8] = array['-0'::float8], array['nan'::float8] = array['nan'::float8], array[0.0::float8] && array['-0'::float8], array['nan'::float8] @> array['nan'::float8], array_position(array['-0'::float8], 0)

select array['a'::char(3)] = array['a '::char(2)], array['a'::char(3)] && array['a'::char(2)], array_position(array['a'::char(3)], 'a'::char(1))

select distinct x from (values (array['-0'::float8]), (array[0.0])) v(x)

select string_agg(name, null order by id) from users

select string_agg(name, null) filter (where id < 3), string_agg(distinct name, '' order by name) from users

select string_agg(name, null) from users where false

-- refused: function max() of arrays of jsonb is not supported.
select max(array[jsonb '2']) from users

-- refused: the order of arrays of jsonb is not supported.
select greatest(array[jsonb '2'], array[jsonb '10'])

-- refused: UNION of jsonb[] is not supported. Cast it to text, or say UNION ALL.
select array[jsonb '1'] union select array[jsonb '1.0']

select array[jsonb '1'] union all select array[jsonb '1.0']

select array[jsonb '1'] || jsonb '2', array_append(array[jsonb '1'], '2')

select generate_series(timestamp '2020-01-01', '2020-01-03', '0 days')

select count(*) from generate_series(timestamptz '2000-01-01', '2001-01-01', '1 mon -30 days')

select generate_series(9223372036854775806, 9223372036854775807)

select generate_series(-9223372036854775807, -9223372036854775808, -1)

select x, y from generate_series(1, 3) x, generate_series(x, 1, -1) y order by 1, 2

select generate_series(date '2024-02-28', date '2024-03-01', '1 day')::date

select lag(price, 1, '3.3') over (order by id) from gens where id < 3 order by id
