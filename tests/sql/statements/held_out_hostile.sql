select u.id, x.n, x.s from users u cross join lateral (select count(*) n, sum(g.frames) s from gens g where g.user_id = u.id having count(*) > 1) x order by u.id

select u.id, y.model, y.c from users u left join lateral (select g.model, count(*) c from gens g where g.user_id = u.id group by g.model order by c desc, g.model nulls first limit 2) y on true order by u.id, y.c desc, y.model nulls first

select a.id, b.id from gens a join gens b on a.id < b.id and a.model is not distinct from b.model and a.user_id = b.user_id order by 1, 2

select coalesce(a.k, b.k) k, a.k is null l, b.k is null r from (values (1), (2), (null)) a(k) full join (values (2), (3), (null)) b(k) using (k) order by 1, 2, 3

select k, a.x, b.y from (values (1, 'a'), (2, 'b')) a(k, x) full join (values (2, 'c'), (3, 'd')) b(k, y) using (k) order by k

select * from (values (1, 'a'), (2, 'b')) a(k, x) natural left join (values (2, 'c'), (3, 'd')) b(k, y) order by 1

select count(*) from users u left join gens g on g.user_id = u.id and g.rating > 3 where g.id is null

select u.id from users u left join gens g on g.user_id = u.id group by u.id having count(g.id) = 0 order by 1

select u.name, g.id from users u right join gens g on u.id = g.user_id and u.active order by g.id limit 12

select a.id, b.id, c.id from users a join users b on b.id = a.id + 1 left join users c on c.id = b.id + 1 and c.age > b.age order by 1

select x, y from generate_series(1, 3) x cross join generate_series(x, 3) y order by 1, 2

select x, y from generate_series(1, 4) x, lateral generate_series(1, x, 2) y order by 1, 2

select t.i, t.j, j.v from (select 1 i, '{"a":[1,2,{"b":null}]}'::jsonb j) t, lateral jsonb_array_elements(t.j -> 'a') j(v)

select u.id, t.tag, t.n from users u left join lateral unnest(u.tags) with ordinality t(tag, n) on t.n < 3 order by u.id, t.n

select e.id, k.key, k.value from events e, jsonb_each_text(case when jsonb_typeof(e.payload) = 'object' then e.payload end) k order by e.id, k.key

select e.id, count(k) from events e left join lateral jsonb_object_keys(case when jsonb_typeof(e.payload) = 'object' then e.payload else '{}' end) k on true group by e.id order by e.id

select id, frames, sum(frames) over (order by frames range between 10 preceding and 5 following) s from gens where frames is not null order by frames, id

select id, frames, count(*) over (order by frames desc nulls last range between unbounded preceding and 7 following) from gens order by id

select id, rating, array_agg(id) over (order by rating, id groups between 1 preceding and 1 following) from gens where id < 10 order by rating, id

select id, rating, count(*) over (order by rating groups between 2 preceding and current row exclude ties) from gens where id < 20 order by rating, id

select id, sum(id) over (order by id rows between 2 preceding and 1 following exclude current row) from gens where id < 8 order by id

select id, sum(id) over (order by model rows between current row and unbounded following exclude group) from gens where id < 8 order by model, id

select id, first_value(id) over w, last_value(id) over w, nth_value(id, 2) over w from gens where id < 12 window w as (partition by model order by id rows between 1 preceding and 1 following) order by id

select id, lag(frames, 2, -1) over (order by id), lead(frames) over (order by id desc) from gens where id < 9 order by id

select id, lag(name, 1, 'none') over (partition by active order by id) from users order by id

select id, ntile(5) over (order by id), ntile(3) over (partition by model order by id) from gens order by id

select id, percent_rank() over (order by rating), cume_dist() over (order by rating) from gens order by id

select id, rank() over (order by active desc nulls last), dense_rank() over (order by active nulls first) from users order by id

select model, sum(count(*)) over (order by model nulls first) from gens group by model order by model nulls first

select model, count(*), rank() over (order by count(*) desc, model) r, count(*) * 100 / sum(count(*)) over () pct from gens group by model order by r

select id, created_at, count(*) over (order by created_at range between interval '10 days' preceding and interval '1 hour' following) from gens where created_at is not null order by created_at

select id, joined, sum(age) over (order by joined range between interval '2 months' preceding and current row) from users where joined is not null order by joined

select id, avg(price) over (order by id rows 2 preceding) from gens where id < 9 order by id

select id, string_agg(model, '/') over (order by id rows between 2 preceding and current row) from gens where id < 9 order by id

select id, max(prompt) over (partition by user_id order by id), min(created_at) over (partition by user_id) from gens order by id limit 15

select id, bool_or(active) over (order by id), every(active) over (order by id desc) from users order by id

select id, count(*) filter (where rating > 2) over (partition by model order by id) from gens order by id limit 15

select distinct model, count(*) over (partition by model) from gens order by 1 nulls last

select id, row_number() over (order by rating desc nulls first, id) from gens order by 2 limit 5 offset 3

select sum(x) over (), sum(x) over (order by x), x from (values (1.10), (2.20), (null), (3.3)) v(x) order by x

select model, active, count(*), grouping(model, active) from gens g join users u on u.id = g.user_id group by cube (model, active) order by 4, 1, 2

select model, rating > 2 hi, count(*) from gens group by grouping sets ((model), (rating > 2), ()) order by 1, 2, 3

select extract(month from created_at) m, model, sum(frames) from gens group by rollup (1, 2) order by 1, 2, 3

select grouping(model), grouping(user_id), model, user_id, max(id) from gens where id < 15 group by rollup (model), cube (user_id) order by 1, 2, 3, 4, 5

select model, count(*) from gens group by grouping sets (model, model, ()) order by 1, 2

select count(*), sum(a), max(b), array_agg(a), string_agg(b, ','), bool_and(a > 1) from nothing

select count(*), b from nothing group by rollup (b)

select count(*) from nothing group by ()

select 1 from nothing group by grouping sets ((), ())

select model, array_agg(distinct user_id order by user_id desc nulls last) from gens group by model order by model

select string_agg(distinct model, ',' order by model desc) from gens

select array_agg(id order by rating desc nulls last, id) from gens where id < 9

select jsonb_agg(name order by id), json_agg(age order by id desc) from users where id < 5

select jsonb_object_agg(id, name) from users where name is not null and id < 5

select json_object_agg(name, age order by id) from users where id < 4

select percentile_cont(array[0, 0.25, 0.5, 1]) within group (order by rating) from gens

select percentile_disc(array[0.1, 0.9]) within group (order by model desc) from gens

select model, percentile_cont(0.5) within group (order by frames desc) from gens group by model order by model

select mode() within group (order by model), mode() within group (order by user_id desc) from gens

-- refused: percentile_cont of interval is not supported.
select percentile_cont(0.3) within group (order by x) from (values (interval '1 day'), (interval '3 days'), (interval '1 month')) v(x)

select corr(rating, frames), covar_pop(rating, frames), covar_samp(rating, frames), regr_slope(rating, frames), regr_intercept(rating, frames), regr_r2(rating, frames), regr_count(rating, frames) from gens

select var_pop(frames), var_samp(frames), stddev_pop(frames), stddev(frames), variance(price) from gens

select bit_and(frames), bit_or(frames), bit_xor(frames), bool_and(rating > -1) from gens

select sum(small), avg(small), sum(f4), avg(f4), sum(id), avg(id) from events

select avg(frames), avg(price), sum(price), avg(rating)::text from gens where id < 4

select min(name), max(name), min(joined), max(tags), min(u) from users, events

select max(ts) - min(ts), avg(ts - timestamptz '2026-01-01') from events

with recursive t(n, path) as (select 1, array[1] union all select n + 1, path || (n + 1) from t where n < 5) select * from t order by n

with recursive fib(a, b) as (values (0::numeric, 1::numeric) union all select b, a + b from fib where b < 10000000000) select max(a) from fib

with recursive g(id, depth) as (select id, 0 from users where id = 1 union select u.id, g.depth + 1 from g join users u on u.id in (g.id * 2, g.id * 2 + 1)) select depth, array_agg(id order by id) from g group by depth order by depth

with recursive r(n) as (select 1 union select (n * 3) % 7 from r) select * from r order by 1

with recursive s(x, s) as (select 1, 'a'::text union all select x + 1, s || chr(97 + x) from s where x < 4) select s from s order by x desc limit 2

with recursive t as (select 1 n union all select n + 1 from t where n < 3), u as (select n * 10 m from t) select n, m from t join u on m = n * 10 order by 1

with recursive c(n, k) as (select 27, 0 union all select case when n % 2 = 0 then n / 2 else 3 * n + 1 end, k + 1 from c where n <> 1) select max(n), max(k) from c

with a as (select id from users where id < 4), b as (select id from a where id > 1), a2 as materialized (select * from b) select * from a2 union all table a order by 1

with x(a, b) as (select 1, 2), y as not materialized (select a + b c from x) select c, (with x as (select 7 z) select z from x) from y

select distinct on (model, user_id) model, user_id, id from gens order by model, user_id, rating desc nulls last, id

select distinct on (extract(year from joined), active) id, joined from users order by extract(year from joined), active, id desc

select distinct on (1) active, name from users order by 1, 2 desc

select distinct on (rating > 2) rating > 2, id from gens order by rating > 2 nulls first, id

select distinct rating is null, model from gens order by 1, 2

select distinct on (id) id from users order by name

select '{"a": {"b": [10, {"c": "x"}]}}'::jsonb #> '{a,b,1,c}', '{"a": {"b": [10, 20]}}'::jsonb #>> '{a,b,-1}'

select '[1, 2, 3]'::jsonb - 1, '[1, 2, 3]'::jsonb - (-1), '["a", "b"]'::jsonb - 'a', '{"a": 1, "b": 2}'::jsonb - array['a', 'c']

select '{"a": [1, 2]}'::jsonb #- '{a,0}', '{"a": 1}'::jsonb || '{"a": 2, "b": 3}', '[1]'::jsonb || '2', '{"a": 1}'::jsonb || '[2]'

select '{"a": 1, "b": [1, 2]}'::jsonb @> '{"b": [2]}', '[1, [2, 3]]'::jsonb @> '[[3]]', '"a"'::jsonb <@ '["a"]', '[1]'::jsonb @> '1'

select '{"a": null}'::jsonb ? 'a', '["x"]'::jsonb ? 'x', '"x"'::jsonb ? 'x', '{"a": 1}'::jsonb ?| array['b', 'a'], '{"a": 1}'::jsonb ?& array['a', 'b'], '{}'::jsonb ?& array[]::text[]

select jsonb_set('{"a": [1, 2]}', '{a,5}', '9'), jsonb_set('{"a": 1}', '{b}', '2', false), jsonb_set('{"a": 1}', '{b,c}', '2'), jsonb_insert('{"a": [1, 2]}', '{a,1}', '7', true)

select jsonb_strip_nulls('{"a": null, "b": {"c": null, "d": [null]}}'), jsonb_pretty('{"a": [1, {"b": 2}], "c": {}}')

select jsonb_build_object('a', 1, 'b', null, 'c', array[1, 2], 'd', date '2020-02-29'), jsonb_build_array(1, 'x', true, null, 1.50)

select to_jsonb(1.50::numeric), to_jsonb('a"b'::text), to_jsonb(array['x', null]), to_jsonb(timestamp '2020-01-02 03:04:05.600'), to_jsonb(true)

select jsonb_typeof(payload), count(*) from events group by 1 order by 1 nulls first

select id, payload -> 'a', payload ->> 'a', payload -> 0, payload ->> -1, payload #>> '{b,c,0}' from events order by id

select id from events where payload @> '{"a": 1}' or payload ? 's' order by id

select id, payload = '{}', payload < '[]', payload > '1' from events order by id

select payload from events where id < 8 order by payload desc nulls last

select jsonb_array_length('[1, [2, 3]]'), jsonb_array_length('{}')

select '{"a": "1.0"}'::jsonb ->> 'a', ('{"a": 1.0}'::jsonb -> 'a')::numeric, ('{"a": 1.5}'::jsonb -> 'a')::int, ('{"a": true}'::jsonb -> 'a')::bool

select ('{"a": "x"}'::jsonb -> 'a')::int

select '{"a": 1'::jsonb

select '{"a": 1, "a": 2}'::json, '{"a": 1, "a": 2}'::jsonb, '1e3'::jsonb, '1.10'::jsonb, '-0'::jsonb, '1E-2'::jsonb

select key, value from jsonb_each('{"b": 1, "a": [2], "aa": null}') order by key

select * from jsonb_to_recordset('[{"a": 1, "b": "x"}, {"a": "2", "c": 3}]') t(a int, b text)

select * from jsonb_array_elements_text('["a", null, 1, {"b": 2}]') with ordinality

select meta -> 'nested' -> 'a' -> 0, meta #>> '{nested,b}', (meta ->> 'lvl')::int + 1 from users order by id

select id from users where (meta -> 'lvl')::int = 1 order by id

select meta ->> 'lvl' l, count(*), jsonb_agg(id order by id) from users group by 1 order by 1

select id, meta || jsonb_build_object('id', id) from users where id in (1, 7, 8) order by id

select '"\u00e9\n"'::jsonb ->> 0, '"\u00e9\n"'::jsonb #>> '{}', '"\u00e9\n"'::jsonb::text

select array[1, 2, 3][2], (array[1, 2, 3])[2:], (array['a', 'b'])[5], array_length(array[1, 2], 1), array_length(array[]::int[], 1), cardinality(array[]::int[])

select array[1, 2] || 3, 0 || array[1], array[1] || array[2, null], array_append(null::int[], 1), array_prepend(1, null), array_cat(array[1], null)

select array_position(array['a', 'b', 'a'], 'a', 2), array_positions(array[1, null, 1], 1), array_positions(array[1, null], null), array_remove(array[1, null, 2], null), array_replace(array[1, 2, 1], 1, null)

select array[1, 2] && array[2, 3], array[1, 2] @> array[2, 2], array[]::int[] <@ array[1], array[null]::int[] && array[null]::int[], array[1, null] @> array[null]::int[]

select array[1, 2] < array[1, 3], array[1] < array[1, 2], array[1, null] > array[1, 2], array[null]::int[] = array[null]::int[]

select array_to_string(array[1, null, 3], ',', '*'), array_to_string(array[1, null, 3], ','), string_to_array('a,b,,c', ','), string_to_array('a,b', ',', 'b'), string_to_array('abc', null), string_to_array('', ',')

select '{1,2,NULL}'::int[], '{"a b", c, "NULL", null}'::text[], '{}'::int[], array['a"b', 'c\d', '', 'null', null]::text[]::text

select '{1,2'::int[]

select '{a}'::int[]

select unnest(array[1, 2, 3]), unnest(array['a', 'b'])

select id, tags, tags[1], tags[cardinality(tags)], array_to_string(tags, '+') from gens order by id limit 12

select tags, count(*) from gens group by tags order by tags nulls first

select id from gens where 'x' = any(tags) order by id

select id from gens where 'x' <> all(tags) order by id

select id from gens where tags @> array['x'] and not tags && array['safe'] order by id

select id, nums[2:3], array_length(nums, 1), nums || id from events order by id

select array_agg(x order by x desc) from (select unnest(nums) x from events where id < 8) q

-- refused: function array_fill() is not supported.
select trim_array(array[1, 2, 3], 1), array_fill(7, array[3]), array_ndims(array[1]), array_upper(array[1, 2], 1), array_lower(array[]::int[], 1)

select (select array_agg(x) from unnest(array[3, 1, 2]) x where x > 1), array(select id from users order by id desc limit 3)

select 'foobarbaz' ~ 'b..', 'Foo' ~* 'foo', 'foo' !~ 'o$', 'a.b' ~ 'a\.b', 'line1' ~ '^l.*\d$', E'a\nb' ~ 'a.b', E'a\nb' ~ '^b'

select regexp_replace('foobarbaz', 'b..', 'X'), regexp_replace('foobarbaz', 'b..', 'X', 'g'), regexp_replace('foobarbaz', 'b(..)', '<\1\&>', 'g'), regexp_replace('Abc', '[a-c]', '', 'gi')

-- refused: regexp_match with a group that may be left out is not supported.
select regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_match('abc', 'd'), regexp_match('abc', 'b'), regexp_match('abc', '(x)?b')

select regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g')

-- refused: regexp_split_to_array by a pattern that matches '' is not supported.
select regexp_split_to_array('the  quick brown', '\s+'), regexp_split_to_array('abc', ''), regexp_split_to_array('a1b22c', '\d')

select regexp_split_to_table('a, b,c', ',\s*')

-- refused: function regexp_instr() is not supported. Did you mean 'regexp_substr'?
select regexp_count('ababab', 'ab'), regexp_instr('foobar', 'o', 1, 2), regexp_substr('foobar', 'o+'), regexp_like('Foo', 'foo', 'i')

-- refused: substring(… SIMILAR … ESCAPE …) is not supported.
select substring('foobar' from 'o(.)b'), substring('foobar' from 'o.b'), substring('foobar' from 2 for 3), substring('foobar', -1, 4), substring('foobar' similar '%#"o_b#"%' escape '#')

select 'abc' similar to '(a|b)%', 'abc' similar to 'a', 'a_c' like 'a\_c', 'a%c' like 'a!%c' escape '!', 'ABC' ilike 'a_c', 'abc' like 'abc%', '' like '%'

-- refused: Like pattern must not end with escape character!
select 'abc' like 'ab\'

-- refused: \m in regular expressions is not supported.
select 'a' ~ '[[:alpha:]]', 'é' ~ '\w', '1' ~ '[[:digit:]]+', 'ab' ~ '^(a|ab)(c|bcd)?$', 'tab' ~ '\mtab\M'

select name from users where name ~ '^[A-Z].*[a-z]$' order by id

select prompt from gens where prompt ilike '%GOLD%' or prompt similar to '%(off|sale)%' order by id limit 8

select date '2024-02-29' + interval '1 year', date '2024-01-31' + interval '1 month', date '2024-03-31' - interval '1 month', timestamp '2024-03-10 12:00' - interval '1 month 10 days 12:00'

select date '2024-03-01' - date '2024-02-01', date '2024-03-01' - 1, timestamp '2024-03-01' - timestamp '2024-02-01 12:30', time '10:00' + interval '15 hours', time '10:00' - time '11:30'

select age(timestamp '2024-03-01', timestamp '2023-01-31'), age(date '2000-02-29', date '1999-03-01'), age(timestamp '2020-01-01', timestamp '2020-12-31 23:59:59')

select interval '1 year 2 mons 3 days 04:05:06.789'::text, interval '-1 day +2 hours'::text, interval 'P1Y2M3DT4H5M6S'::text, interval '1.5 months'::text, interval '36 hours'::text, interval '90 min ago'::text

select interval '1 month' = interval '30 days', interval '24 hours' = interval '1 day', interval '1 day' > interval '23:59:59', interval '1 month' * 1.5, interval '1 day' / 7, -interval '1 mon 2 days'

select justify_days(interval '35 days'), justify_hours(interval '50 hours'), justify_interval(interval '1 mon -1 hour'), make_interval(years => 1, days => 3, secs => 2.5)

select extract(epoch from interval '1 month 1 day'), extract(day from interval '40 days 30 hours'), extract(hour from interval '30 hours'), extract(month from interval '14 months'), extract(quarter from date '2024-05-05')

select extract(week from date '2021-01-03'), extract(isoyear from date '2021-01-03'), extract(dow from date '2021-01-03'), extract(isodow from date '2021-01-03'), extract(doy from date '2020-12-31'), extract(century from date '2000-01-01'), extract(decade from date '1999-01-01'), extract(millennium from date '2001-01-01')

select extract(epoch from timestamp '2020-01-01 00:00:00.5'), extract(microseconds from timestamp '2020-01-01 00:00:01.5'), extract(julian from date '2000-01-01'), extract(milliseconds from time '00:00:01.25')

select date_part('epoch', timestamptz '2020-01-01 00:00:00+02'), date_part('second', timestamp '2020-01-01 00:00:59.999'), extract(timezone from timestamptz '2020-01-01 00:00:00+02')

select date_trunc('week', timestamp '2024-05-05 10:00'), date_trunc('quarter', date '2024-05-05'), date_trunc('decade', timestamp '2024-05-05'), date_trunc('hour', interval '3 days 04:56:07'), date_trunc('century', timestamp '2000-06-01')

select date_trunc('day', timestamptz '2024-03-31 12:00+00', 'Europe/Berlin'), timestamptz '2024-03-31 12:00+00' at time zone 'America/New_York', timestamp '2024-03-31 02:30' at time zone 'Europe/Berlin', timestamp '2024-10-27 02:30' at time zone 'Europe/Berlin'

select date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01 00:02:30'), date_bin('1 day', timestamp '2000-01-01 10:00', timestamp '2001-01-01 12:00')

-- refused: to_char of intervals
select to_char(timestamp '2024-05-06 07:08:09.123456', 'YYYY-MM-DD HH24:MI:SS.US'), to_char(date '2024-05-06', 'Day, DD Month YYYY'), to_char(date '2024-05-06', 'FMDay FMDDth FMMonth IYYY-IW-ID Q J DDD'), to_char(timestamp '2024-05-06 19:08', 'HH12:MI am'), to_char(interval '30 hours 5 min', 'HH24:MI')

-- refused: 'RN' in to_char of a number is not supported
select to_char(1234567.891, '9,999,999.99'), to_char(-12, '999PR'), to_char(0.5, '0.99'), to_char(12, 'RN'), to_char(1485, 'FM9999D00'), to_char(5, '0000'), to_char(1e10, '9.99EEEE')

-- refused: function to_number() is not supported. Did you mean 'row_number'?
select to_date('05 Dec 2000', 'DD Mon YYYY'), to_timestamp('2024-05-06 07', 'YYYY-MM-DD HH24'), to_timestamp(1284352323.5), to_number('12,454.8-', '99G999D9S')

select make_date(2024, 2, 29), make_time(8, 15, 23.5), make_timestamp(2013, 7, 15, 8, 15, 23.5)

select make_date(2023, 2, 29)

select date '2024-02-30'

select '2024-01-01 25:00'::timestamp

select 'Jan 5, 2024'::date, '20240105'::date, '2024.005'::date, '1/5/2024'::date, 'January 5 2024 3pm'::timestamp, '2024-01-05T03:04:05Z'::timestamptz, '03:04:05.1234567'::time

select (timestamp '2024-01-01', timestamp '2024-02-01') overlaps (timestamp '2024-01-15', interval '1 year'), (date '2024-01-01', date '2024-01-02') overlaps (date '2024-01-02', date '2024-01-03')

select generate_series(timestamp '2024-01-31', timestamp '2024-06-01', interval '1 month')

select generate_series(date '2024-01-01', date '2024-01-03', interval '12 hours')::text

select generate_series(5, 1, -2), generate_series(1, 2)

select generate_series(1, 3, 0)

select id, created_at::date, date_trunc('month', created_at), extract(dow from created_at), to_char(created_at, 'Mon DD') from gens order by id limit 10

select date_trunc('month', created_at) m, count(*), min(created_at), max(created_at) - min(created_at) from gens group by m order by m nulls first

select id, ts::date, ts::time, ts::timestamp, ts at time zone 'Asia/Tokyo', extract(hour from ts) from events order by id

select ts::text, ts::date::text, (ts at time zone 'UTC')::text from events order by id limit 6

select joined + age, joined - joined, joined + interval '1 day', joined > '2025-06-01', joined = timestamp '2025-01-01' from users order by id

-- refused: a date beyond the years 1 to 9999 has no value of Python. Cast it to text, or take the res
select date '2024-01-01' + time '10:30', date '0001-01-01' - 1

select 'infinity'::timestamp > now(), 'epoch'::timestamp, isfinite(date '2020-01-01')

(select id from users where id < 5 except all select id from gens where id in (2, 3)) intersect select id from users where active order by id

select 1 union select 2 intersect select 2 except select 1 order by 1

select null union select 'a' union all select null order by 1 nulls first

select 1 union select 2.5 union select 3::bigint order by 1

select 1 union select 'a'

select '1' union select 2 order by 1

select id, name from users union select id, model from gens where id < 3 order by 2 desc nulls last, 1 limit 6

select active from users intersect all select active from users where id < 6 order by 1

select model from gens except all (select model from gens where id < 30) order by 1

(select id from users order by id desc limit 2) union all (select id from gens order by id limit 2) order by 1 offset 1

select array[1] union select array[1] union select null order by 1

values (1, 'a'), (2, null), (null, 'c') order by 1 desc limit 2

select * from (values (1, 2.5), (2, 3)) v(a, b), (values ('x'), ('y')) w(c) order by a, c

select column1, column2 from (values (1, 'a'), (2, 'b')) v order by column1 desc

select u.id, (select max(g.rating) from gens g where g.user_id = u.id and g.frames > all (select frames from gens h where h.user_id = u.id and h.id < g.id and frames is not null)) from users u order by u.id

select id from gens g where rating >= all (select rating from gens h where h.model = g.model and h.rating is not null) order by id

select id from gens g where (model, user_id) in (select model, user_id from gens h where h.id <> g.id) order by id

select id from gens where (user_id, rating) = (select user_id, rating from gens where id = 3)

select id from users u where not exists (select 1 from gens g where g.user_id = u.id and not exists (select 1 from media m where m.gen_id = g.id)) order by id

select (select id from users)

select (select 1, 2)

select (select id from users where false), exists (select from users where false)

select id, (select count(*) from gens g where g.created_at::date > u.joined and g.user_id <= u.id) from users u order by id

select u.id from users u order by (select count(*) from gens g where g.user_id = u.id) desc, u.id limit 5

select id from users where age = any (select frames from gens) or id in (select small from events) order by id

select id, case when id in (select gen_id from media) then 'm' else '-' end from gens order by id limit 12

select a from (select id as a, row_number() over (order by age) r from users) q where r = (select count(*) from users) / 2

select sum(n) from (select count(*) n from gens group by model having count(*) > (select avg(c) from (select count(*) c from gens group by model) k)) z

select id, age from users order by age nulls first, id limit 3

select id, age from users order by age desc, id limit 3

select id, name from users order by name desc nulls last, id

select id from gens order by quality, id

select id from gens order by quality desc nulls last, id limit 8

select id, -age as m from users order by m using > , id limit 4

select id from users order by age is null, active nulls last, id

select id from gens order by tags desc, id limit 6

select count(*) from gens group by model order by max(rating) desc nulls last

select model m from gens group by m order by count(*), m limit 2

select id from users order by 2

select id as x from users order by x + 1

select 1.0::float8, 1e20::float8::text, 1e15::float8::text, 123456789012345678::float8::text, 0.1::float4::text, 1e-5::float8::text, '-0'::float8::text, 'nan'::float8::text, '-inf'::float4::text

select 0.1::float8 + 0.2, (0.1::float8 + 0.2)::text, 1/3.0::float4, (1/3.0::float8)::text, 1e300::float8 * 10, 3.4e38::float4::text, 1.5e-45::float4::text

select f4::text, f4::float8::text, f4::numeric, (f4 * 3)::text from events order by id

-- refused: the text of a numeric needs a scale: numeric(p, s)
select quality::text, rating::text, rating::numeric::text, (rating * 1e10)::text from gens order by id limit 12

select 2.5::int, 3.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int, 0.5::float8::int, round(2.5), round(2.5::float8), round(-0.5::float8)::text, round(1234.567, -2), trunc(-1.9), ceil(-0.5), floor(-0.5)

select 7 / 2, -7 / 2, 7 % -3, -7 % 3, 7.0 / 2, 7::float8 / 2, mod(-7, 3), div(-7, 2), 5 ^ 2, 2 ^ -1, 2::numeric ^ 0.5

select 1 / 0

select 1.0 / 0

select 1::float8 / 0

select 0 ^ -1

select sqrt(-1)

select ln(0)

select 2147483647 + 1

select 2147483647::int8 * 2147483647 * 4

select 32767::int2 + 1::int2

select -32768::int2

select (-32768)::int2, (-2147483648)::int4, -(-5), @ -3, |/ 16, 5 !~~ '6'

select 99999999999::int

select '99999999999'::int

select 1e10::int

select 1e10::float8::int

select 40000::int::int2

select 9223372036854775808

select 9223372036854775807 + 1

select (-9223372036854775808) / -1

select abs(-2147483648)

select -((-9223372036854775808)::int8)

select 1e400::float8

select '1e400'::float8

select 1e39::float4

select 1e308::float8 * 10

select exp(1000::float8)

select power(10::float8, 400)

select factorial(5), gcd(12, 18), lcm(4, 6), sign(-2.5), width_bucket(5.35, 0.024, 10.06, 5), log(100), log(2, 64), cbrt(27), degrees(pi()), atan2(1, 1), sinh(1)

select 1 << 33, 1::int8 << 33, 1 << 31, -8 >> 1, 5 & 6, 5 | 6, 5 # 6, ~5

select 5.00 + 1.5, 5.00 * 1.50, 10.0 / 4, 1.10::numeric(10, 1), 1.15::numeric(3, 1), 99.99::numeric(3, 1)

select 999.99::numeric(4, 1)

-- refused: function trim_scale() is not supported.
select 0.00::text, 1.50::numeric(6, 3)::text, 1e-7::numeric::text, 12345678901234567890.123::text, trim_scale(1.500), scale(1.500), min_scale(1.500)

select '  12 '::int, ' 1.5 '::numeric, 't'::bool, 'yes'::bool, 'off'::bool, '0x1A'::text, ' true '::bool

select 'maybe'::bool

select '1.5'::int

select ''::int

select true::int, 1::bool, 0::bool, true::text, 'x'::char(3) || '|', 'abcdef'::varchar(3), 'ab '::char(5) = 'ab', length('ab '::char(5))

-- refused: type char is not supported.
select 'x'::"char", 'abc'::name

select true < false, 'a' < 'B', 'a' < 'á', 'Z' < 'a', '' < ' ', 'abc' = 'abc '

select E'\\x41\\x42'::bytea, '\x4142'::bytea || '\x43', length('\x4142'::bytea), encode('\x4142', 'base64'), decode('QUI=', 'base64'), encode('\xff00', 'escape'), get_byte('\x4142', 1), substring('\x414243'::bytea, 2, 1), md5('a'), sha256('a')

select '\x4'::bytea

select convert_from('\xc3a9', 'UTF8'), convert_to('é', 'UTF8'), octet_length('é'), char_length('é'), bit_length('é'), ascii('é'), chr(233)

select convert_from('\xff', 'UTF8')

select overlay('Txxxxas' placing 'hom' from 2 for 4), position('om' in 'Thomas'), strpos('abc', ''), left('abc', -1), right('abc', -1), left('abc', 10), lpad('5', 3, '0'), lpad('abcdef', 3), rpad('hi', 5, 'xy'), repeat('ab', -1), reverse('añb')

select trim(both 'xy' from 'yxTomxx'), ltrim('  a '), rtrim('abcxx', 'x'), btrim('xx'), initcap('hello wORLD-foo_bar'), upper('straße'), lower('ÀÉ'), translate('12345', '143', 'ax'), split_part('a,b,c', ',', -1), split_part('abc', ',', 2)

select split_part('a', ',', 0)

select concat('a', null, 1, true), concat_ws(',', 'a', null, 2), concat_ws(null, 'a'), 'a' || null, 'a' || 1, 1 || 'a', format('%s|%I|%L|%%|%5s|%-5s|%2$s', 'x', 'a b', null, 'y', 'z')

select quote_ident('a b'), quote_literal('it''s'), quote_nullable(null), to_hex(255), chr(0)

-- refused: function unistr() is not supported.
select starts_with('abc', 'ab'), 'abc' ^@ 'b', strpos('añb', 'b'), substr('añbc', 2, 2), unistr('\00e9'), normalize(E'e\u0301') = 'é'

select least(1, null, 2), greatest(null, null), coalesce(null, 1.5, 2), nullif(1, 1.0), nullif('a', 'b'), num_nulls(1, null, null), num_nonnulls(1, null)

select null = null, null is not distinct from null, 1 is distinct from null, (null, 1) is null, (null, null) is null, (1, null) is not null, row(1, 2) < row(1, 3), row(1, null) = row(1, 2), row(1, null) = row(2, null)

select 5 between symmetric 10 and 1, 5 not between 1 and 4, null between 1 and 2, 1 in (2, null), 1 not in (2, null), 1 in (1, null)

select 1 where null, 2

select 1 where not (null or false)

select case 1 when null then 'n' when 1 then 'o' end, case when null then 1 end, case null when null then 1 else 2 end

select case when 1 = 1 then 1 else 1 / 0 end, coalesce(1, 1 / 0)

select pg_typeof(1), pg_typeof(1.0), pg_typeof('a'), pg_typeof(null), pg_typeof(1::int2 + 1::int8), pg_typeof(array[1, 2.0]), pg_typeof(now()), pg_typeof(date '2020-01-01' + 1), pg_typeof(date '2020-01-01' - date '2020-01-01')

select sum(x), avg(x), pg_typeof(sum(x)) from (values (1::int2), (2)) v(x)

select sum(x), pg_typeof(sum(x)), pg_typeof(avg(x)) from (values (1::int8), (2)) v(x)

select thumb || file, octet_length(file), md5(file), encode(thumb, 'hex'), substring(file from 1 for 4) from media order by id

select thumb, count(*) from media group by thumb order by thumb nulls first

select m.id, g.preview = m.thumb, g.preview < m.file from media m join gens g on g.id = m.gen_id order by m.id

select max(u), count(distinct u), min(u::text) from events

select 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}'::uuid, 'x'::uuid

select "Id", "Full Name", "select" from labeled where "select" is not true order by k

select l."Full Name" || '!' as "Out Put" from labeled l order by "Out Put" nulls first

select id from users limit null offset 9

select id from users order by id offset 2 rows fetch first 3 rows only

select id, rating from gens order by rating desc nulls last fetch first 4 rows with ties

select id from users limit -1

-- refused: a row as a value is not supported.
select count(*), count(age), count(distinct age), count(distinct (active, age > 30)) from users

select max(array[id, age]) from users

select sum(distinct age), avg(distinct age::float8) from users

select name, name from users where id = 1

select u.* , g.id from users u join gens g on g.user_id = u.id and g.id = 1

select id from users, gens

select foo from users

select users.foo from users

select u.id from users

-- refused: function nosuch() is not supported.
select nosuch(1)

select id from users group by active

select count(*) from users where count(*) > 1

select sum(sum(age)) from users

select 1 + 'a'

select 'a' + 'b'

select date '2020-01-01' + date '2020-01-01'

select upper(1)

select id from users where name

select id from users where id = 'a'

select id from users where active = 2

select id in (1, 'x') from users

select lower(name) l, count(*) from users group by l having count(*) > 1 order by l

select -2147483648 - 1

select -2147483648 / -1

select abs((-32768)::int2)

select abs(-9223372036854775808)

select mode() within group (order by user_id desc), mode() within group (order by user_id), mode() within group (order by prompt desc) from gens

select model, mode() within group (order by rating desc) from gens group by model order by model

select mode() within group (order by active), mode() within group (order by joined desc), mode() within group (order by tags) from users

select nullif(1::int8, 1::int4), pg_typeof(nullif(1::int4, 2::int8)), pg_typeof(nullif(1::float4, 2::float8)), pg_typeof(nullif(1, 2::float8)), pg_typeof(nullif(date '2020-01-01', timestamp '2020-01-01')), pg_typeof(nullif('a'::varchar, 'b'::text)), pg_typeof(nullif(1::int2, 2)), pg_typeof(nullif('1', 2))

select id, nullif(age, 18.0), nullif(age, 18::float8) from users order by id

select count(*) from nothing group by grouping sets ((), ())

select 1 from nothing group by grouping sets ((), (), (a))

select 1 from gens group by grouping sets ((), ()) having count(*) > 3

select '1e-400'::text::float8

select x::float8 from (values ('1e-400'), ('0')) v(x)

select x::float4 from (values ('1e-50'), ('1')) v(x)

select x::float4 from (values ('0e-50'), ('-0.0'), (' 1.5e3 '), ('inf'), ('NaN')) v(x)

select x::int from (values ('99999999999')) v(x)

select x::int2 from (values ('32768')) v(x)

select x::numeric(5, 2) from (values ('1e3')) v(x)

select (x * 1000)::numeric(5, 2) from (values (12.5), (1)) v(x)

select x::interval from (values ('1e3')) v(x)

select x::interval from (values ('2020-02-30')) v(x)

select x::interval from (values ('१')) v(x)

select x::time from (values ('epoch')) v(x)

select x::jsonb, x::json::text from (values ('{"b":1,  "a":2, "b": 3}')) v(x)

select tags, rank() over (order by tags desc nulls last) from gens where id < 9 order by id

select id, first_value(preview) over (partition by model order by id desc) from gens order by id limit 10

select id, lag(preview) over (order by id), count(preview) over (order by id rows 1 preceding) from gens order by id limit 10

select g.preview, m.file from gens g left join media m on m.gen_id = g.id and m.thumb is not null where g.id < 13 order by g.id

select max(id) keep, preview is null from gens group by preview is null order by 1

select case when id % 2 = 0 then preview else '\x01' end from gens where id < 6 order by id

select coalesce(thumb, file) from media order by id

select (select file from media m where m.gen_id = g.id) from gens g where id < 10 order by id

select distinct on (model) model, preview from gens order by model, id desc

select preview from gens where id < 4 union all select file from media where id < 3

select preview from gens where id < 20 union select thumb from media order by 1

select array_agg(thumb order by id) from media where id < 4

select x.thumb from (select thumb, row_number() over (order by id desc) r from media) x where r <= 3 order by r

with m as (select id, file from media order by id desc limit 4) select a.file, b.id from m a join m b on a.id = b.id + 1 order by 2

select thumb = file, thumb is not distinct from file, thumb in ('\x', file) from media order by id

select id, interval '1 day' * id, interval '1 hour' / id, id * interval '90 minutes' from users where id < 4 order by id

select interval '1 year' - interval '13 months', interval '1 day' - interval '25 hours', interval '1 mon' + interval '-31 days', - interval '1 day 2 hours', interval '0', interval '-0.5 day', interval '1.25 years', interval '0.1 weeks', interval '1 century 2 decades'

select interval '1 day 25 hours', interval '25:61:00'

select interval '25:59:59.5', interval '1 2:03', interval '1-2', interval '1-2 3 4:05', interval '-1-2', interval '3 4', interval '5', interval '@ 1 minute', interval '1h 2m', interval '1 us', interval '1.5 ms'

select interval '1 mon' < interval '31 days', interval '1 year' = interval '360 days', interval '1 year' > interval '12 months', interval '1 day' between interval '20 hours' and interval '1 mon'

select sum(x), avg(x), min(x), max(x) from (values (interval '1 day'), (interval '3 hours'), (interval '1 mon')) v(x)

select x, count(*) from (values (interval '1 day'), (interval '24 hours'), (interval '1 mon')) v(x) group by x order by x

select distinct x from (values (interval '30 days'), (interval '1 mon')) v(x)

-- refused: FF3 in to_char is not supported
select to_char(timestamp '2024-01-05 00:09:08.07', 'HH:MI:SS AM FF3 MS TZ WW W D ID IDDD CC Y YY YYY Y,YYY RM "quoted" '), to_char(timestamp '2024-12-30', 'IYYY IW YYYY WW'), to_char(date '2024-02-03', 'DDth Mon YY'), to_char(date '0099-01-01', 'YYYY FMYYYY')

-- refused: 'V' in to_char of a number is not supported
select to_char(12345.678, '99999.99'), to_char(12345.678, 'FM99,999.000'), to_char(-5.2, 'S99.9'), to_char(5.2, '99.9MI'), to_char(0, '9.9'), to_char(1234, '999'), to_char(0.1, 'FM9.99'), to_char(148.5, '999D999'), to_char(12, '99V999'), to_char(485, 'L999'), to_char(1, '09'), to_char(.5, '.99'), to_char(-0.1, '9.9')

-- refused: to_char of NaN and infinity is not supported
select to_char(1.5::float8, '9.99'), to_char(12::int8, '9999'), to_char('nan'::float8, '9.9'), to_char(1e20::float8, '9')

-- refused: a timestamp with time zone beyond the years 1 to 9999 has no value of Python. Cast it to t
select to_timestamp('2024-01-05 13:14:15.123', 'YYYY-MM-DD HH24:MI:SS.MS'), to_date('20240105', 'YYYYMMDD'), to_date('2024-1-5', 'YYYY-MM-DD'), to_date('5/1/24', 'DD/MM/YY'), to_timestamp('12:30 PM', 'HH12:MI AM')

select to_date('2024-13-01', 'YYYY-MM-DD')

select to_timestamp(0), to_timestamp(-1.5), to_timestamp('nan')

select timestamp 'today' = date_trunc('day', now()::timestamp), 'yesterday'::date = current_date - 1, current_date = now()::date, now() = transaction_timestamp(), localtimestamp = now()::timestamp

select timestamptz '2024-03-31 01:30 Europe/Berlin', timestamptz '2024-03-31 02:30 Europe/Berlin', timestamptz '2024-10-27 02:30 Europe/Berlin', timestamptz '2024-01-01 00:00 +5:30', timestamptz '2024-01-01 00:00 PST', timestamp '2024-01-01 00:00 PST'

select timestamp '2024-01-01' at time zone 'nowhere'

-- refused: the time zone '+03' is not supported. Name it by its region, as in 'Europe/Paris'.
select timestamp '2024-01-01 12:00' at time zone '+03', timestamp '2024-01-01 12:00' at time zone interval '3 hours', timestamptz '2024-06-01 12:00Z' at time zone 'PST8PDT', time '10:00' at time zone 'UTC'

select date '2024-06-01' at time zone 'Europe/Berlin', timestamptz '2024-06-01' + interval '1 day', timestamptz '2024-06-01 12:00Z' - timestamptz '2024-05-01 00:00Z', timestamptz '2024-06-01'::date

select date '2024-02-29' - interval '1 year', date '2023-03-31' + interval '1 month -1 day', timestamp '2024-01-31' + interval '1 month' + interval '1 month', timestamp '2024-01-31' + interval '2 months', date '2024-01-31' + 31, 31 + date '2024-01-31'

-- refused: a date beyond the years 1 to 9999 has no value of Python. Cast it to text, or take the res
select date '9999-12-31' + 1

select timestamp '2024-01-01' - date '2023-12-31', date '2024-01-01' - timestamp '2023-12-31 12:00', time '12:00' - interval '13 hours', interval '1 day' + time '01:00', date '2024-01-01' + interval '1 second'

select extract(epoch from timestamptz '2024-01-01 00:00+02'), extract(epoch from date '2024-01-01'), extract(epoch from time '01:00'), extract(year from interval '14 months'), extract(second from interval '61.5 seconds'), extract(dow from timestamp '2024-01-07'), extract(timezone_hour from timestamptz '2024-01-01')

select extract(hour from date '2024-01-01')

select extract(foo from timestamp '2024-01-01')

select date_part('year', date '2024-01-01'), date_part('hour', time '05:06'), date_part('week', date '2024-12-30'), date_part('century', timestamp '1900-01-01')

select date_trunc('month', date '2024-05-06'), pg_typeof(date_trunc('month', date '2024-05-06')), date_trunc('minute', timestamptz '2024-05-06 07:08:09Z'), date_trunc('millennium', timestamp '2024-01-01'), date_trunc('milliseconds', timestamp '2024-01-01 00:00:00.123456')

select date_trunc('foo', timestamp '2024-01-01')

select age(timestamp '2024-02-29', timestamp '2023-02-28'), age(timestamp '2023-01-31', timestamp '2023-03-01'), age(timestamp '2024-01-01 01:00', timestamp '2023-12-31 23:30'), age(timestamp '2024-03-30', timestamp '2024-02-29')

select '10:30 PM'::time, '24:00'::time, '00:00:60'::time, '1030'::time, 'noon'::time

select '25:00'::time

select '2024-02-30'::date

select '2024-1-2'::date, '99-01-01'::date, '01-02-2024'::date, 'Mon Jan 8 2024'::date, '8-Jan-2024'::date, '2024-01-08 BC'::date > '2024-01-08'::date, 'J2451187'::date

select timestamp '2024-01-01 10:00:00.123456789', timestamp '2024-01-01 10', timestamp '20240101T101112', timestamp '2024-01-01 10:00:60'

select jsonb '{"a":1}' -> 'b' is null, jsonb '{"a":null}' -> 'a' is null, jsonb '{"a":null}' ->> 'a' is null, jsonb 'null' is null, jsonb '[null]' ->> 0 is null

select jsonb '[1,2,3]' -> -1, jsonb '[1,2,3]' -> 5, jsonb '{"1": 2}' -> '1', jsonb '{"1": 2}' -> 1, jsonb '"x"' -> 0, jsonb '5' ->> 0

select jsonb '{"a": {"b": 1}}' @> '{"a": {}}', jsonb '[1, 2, 2]' @> '[2, 2, 2]', jsonb '{}' @> '{}', jsonb '[]' @> '[]', jsonb '[{"a": 1, "b": 2}]' @> '[{"a": 1}]', jsonb '{"a": [1]}' @> '{"a": 1}', jsonb '1' @> '1.0'

select jsonb '{"a": 1}' = '{"a": 1.0}', jsonb '[1, 2]' = '[2, 1]', jsonb '{"b": 1, "a": 2}' = '{"a": 2, "b": 1}', jsonb '"a"' < '"b"', jsonb '1' < '"a"', jsonb '[]' < '{}', jsonb 'true' > 'false', jsonb 'null' < '1', jsonb '[1]' < '[1, 2]', jsonb '{"a": 1}' < '{"b": 0}'

select jsonb '{"a": 1}' ? 'b', jsonb '[1, "a"]' ? '1', jsonb '["a", "b"]' ?| array['x', 'b'], jsonb '["a"]' ?& array['a', null], jsonb '{"a": 1}' ?| array[]::text[]

select jsonb '{"a": {"b": [1, 2]}}' #> array['a', 'b', '-1'], jsonb '{"a": 1}' #> '{}', jsonb '{"a": 1}' #>> '{a,b}', jsonb '[[1, 2], [3]]' #> '{0,1}', jsonb '[1]' #> '{x}'

-- refused: function jsonb_extract_path() is not supported.
select jsonb_extract_path('{"a": {"b": 2}}', 'a', 'b'), jsonb_extract_path_text('{"a": {"b": "x"}}', 'a', 'b'), json_extract_path('{"a": 1}', 'b')

select jsonb '{"a": 1}' - 'a' - 'b', jsonb '{"a": 1}' #- '{b}', jsonb '[1, [2, 3]]' #- '{1,0}', jsonb '[1, 2]' - 5, jsonb '[1, 2]' - (-3)

select jsonb '{"a": 1}' - 1

select jsonb '5' - 'a'

select jsonb '[1]' || '{"a": 1}', jsonb '1' || '2', jsonb '{}' || '[]', jsonb 'null' || '[1]', jsonb '{"a": {"b": 1}}' || '{"a": {"c": 2}}'

-- refused: function jsonb_set_lax() is not supported. Did you mean 'jsonb_set'?
select jsonb_set('[1, 2, 3]', '{-1}', '9'), jsonb_set('[1]', '{-5}', '9'), jsonb_set('{"a": {"b": 1}}', '{a,b}', 'null'), jsonb_set('{"a": 1}', '{a}', null), jsonb_set_lax('{"a": 1}', '{a}', null, true, 'delete_key')

select jsonb_insert('[1, 2]', '{0}', '0'), jsonb_insert('[1, 2]', '{-1}', '9'), jsonb_insert('{"a": 1}', '{b}', '2')

select jsonb_insert('{"a": 1}', '{a}', '2')

select jsonb_array_elements('{"a": 1}')

select jsonb_object_keys('[1]')

-- refused: rows of jsonb_each() as values are not supported.
select jsonb_each('5')

select * from jsonb_each_text('{"a": null, "b": [1, 2], "c": "x", "d": 1.50}')

select json_array_elements('[1, 1.50, {"a":  2}]'), json_array_elements_text('["x"]')

-- refused: function json_object() is not supported. Did you mean 'jsonb_object'?
select jsonb_object('{a, 1, b, null}'), jsonb_object('{a, b}', '{1, 2}'), json_object('{{a, 1}, {b, 2}}')

select jsonb_object('{a, 1, b}')

select json_build_object('a', 1.50, 'b', 'x', 'c', null, 'd', array['x', 'y'], 'e', json '{"z":  1}')::text, jsonb_build_array()::text, json_build_array(1, null, 'a', true, date '2020-01-01')::text

select jsonb_build_object('a')

select jsonb_build_object(null, 1)

select to_json(array[1, null]), to_json('x'::text), to_jsonb(1.10), to_jsonb('nan'::float8), to_jsonb(timestamptz '2024-01-01 00:00Z'), to_jsonb(interval '1 day'), to_jsonb('\x01'::bytea), to_jsonb(1e20::float8), to_jsonb(null::int)

select jsonb '[1, 2]'::text, jsonb '{"b": 1, "aa": 2, "a": 3}'::text, json '{"b":1,  "a" : 2}'::text, jsonb '1.0'::text, jsonb '"\u0041"'::text, jsonb '1e5'::text, jsonb '123456789012345678901234567890'::text

select jsonb '{"a": 1.5}' ->> 'a', (jsonb '{"a": 1.5}' -> 'a')::float8, (jsonb '"1"')::int

select (jsonb '1.5')::int, (jsonb '2.5')::int, (jsonb '1.5')::numeric, (jsonb 'true')::bool, (jsonb '40000')::int2

select (jsonb 'null')::int

select jsonb_agg(payload order by id) from events where id < 7

-- refused: jsonb_agg(DISTINCT …) is not supported.
select jsonb_agg(x) filter (where x > 1), json_agg(x), jsonb_agg(distinct x) from (values (1), (2), (2), (null)) v(x)

select jsonb_agg(x) from (values (1)) v(x) where false

select payload -> 'b' -> 'c' ->> 1, payload #>> array['b', 'c', '1'] from events order by id

select id from events where payload -> 'a' = '1' or payload ->> 'a' = 'x' order by id

select id from events where payload ->> 'a' is null order by id

select id from events where payload @> '[1]' or payload @> '"x"' or payload <@ '{"a": 1.5, "s": "é", "t": true, "z": 0}' order by id

select jsonb_typeof(payload -> 'b'), jsonb_typeof(payload -> 'zz') from events order by id

select id, jsonb_strip_nulls(payload) from events where jsonb_typeof(payload) = 'object' order by id

select count(*), payload ->> 'a' from events group by payload ->> 'a' order by 2 nulls last

select payload -> 'a' x, count(*) from events group by x order by x nulls first

select distinct payload -> 'a' from events order by 1

select max(payload ->> 'a'), min((payload ->> 'a')) from events

select sum((payload ->> 'a')::numeric) from events where jsonb_typeof(payload -> 'a') = 'number'

select id from events order by payload -> 'a' desc nulls last, id

-- refused: function jsonb_path_query() is not supported.
select jsonb_path_query('{"a": 1}', '$.a')

-- refused: operator @? is not supported.
select jsonb '{"a": 1}' @? '$.a'

select jsonb '{"a": [1, {"b": 2}]}' ['a'][1]['b'], (jsonb '[1, 2]')[-1], (jsonb '{"a": 1}')['x']

select a[1], a[1:1], a[3:2], a[:2], a[2:], a[-1] from (select array[10, 20, 30] a) t

-- refused: arrays of arrays are not supported.
select (array[array[1, 2], array[3, 4]])[1][2]

select array[1, 2.5], array[1, null, '3'], array['a', 'b']::varchar[], array[]::text[], array[null], array[1::int2, 2::int8]

select array[1, 'a']

select array[]

select array[1, 2]::text[], '{1, 2}'::int8[]::text, array[1.5, 2]::int[], array['t', 'f']::bool[], '{2020-01-01}'::date[]

select 1 = any ('{1,2}'), 'a' = any (array['a', 'b']), 3 > all (array[1, 2]), 'ab' like any (array['a%', 'x']), 'ab' not like all (array['x%', 'y%']), 'AB' ilike any ('{a%}')

select array_agg(x), array_agg(x order by x desc nulls last), array_agg(distinct x) from (values (2), (null), (1), (2)) v(x)

select unnest(array[1, 2]) x, unnest(array['a', 'b', 'c']) y, generate_series(1, 2) z

select * from unnest(array[1, 2], array['a', 'b', 'c']) t(n, s)

select * from unnest(array[1, 2]) with ordinality as t(v, o) where o > 1

select x, count(*) from gens, unnest(tags) x group by x order by 1 nulls last

select id from gens where array_position(tags, 'x') = 2 or cardinality(tags) = 0 order by id

select id, tags || 'new', tags || array['a', 'b'], 'first' || tags, array_remove(tags, 'x'), array_replace(tags, null, '?') from gens where id < 8 order by id

select id, tags || null, null || tags, tags = array['z'], tags < array['z'], tags is not distinct from null from gens where id < 12 order by id

-- refused: the text of a numeric needs a scale: numeric(p, s)
select string_to_array('1,2,3', ',')::int[], string_to_array(null, ','), string_to_array('a', ''), array_to_string(array['a', 'b'], null), array_to_string(array[true, false], ','), array_to_string(array[1.50, 2], '|')

select array_length(array[1, 2], 2), array_dims(array[1, 2, 3]), array_ndims(array[]::int[]), cardinality(null::int[])

select array_cat(array[1, 2], array[3]), array_append(array[1], null), array_prepend(0, array[1]), array_position(array[1, 2], 3), array_positions(array['a', 'b', 'a'], 'a')

select min(x), max(x), count(distinct x) from (values (array[1, 2]), (array[1]), (array[1, null])) v(x)

select x from (values (array[2]), (array[1, 5]), (array[]::int[]), (null), (array[null]::int[])) v(x) order by x

select x, count(*) from (values (array[1]), (array[1]), (null)) v(x) group by x order by x

select to_json(array[1,2])::text, to_jsonb(array[1,2])::text

select json_agg(array[1,2])::text

select json_build_array(array[1,null], array['a','b'])::text

-- refused: numeric[] as JSON is not supported.
select json_object_agg('k', array[1.5, 2])::text

select json_agg(x)::text from (values (array[1,2])) v(x)

select json_agg(tags)::text from users where id < 4

select json_agg(nums order by id)::text from events where id < 4

select json_agg(name)::text, json_agg(meta)::text from users where id < 4

select json_build_object('a', tags)::text from users where id = 3

select to_json(tags)::text from users order by id

-- refused: function array_to_json() is not supported. Did you mean 'array_to_string'?
select array_to_json(array[1,2])::text, array_to_json(array['a"', null])::text

select to_json(array['{"a": 1}'::json, '{"b":2}'])::text

select to_json(array['{"a": 1}'::jsonb])::text

select to_json(array[timestamp '2020-01-01', null])::text

select concat(array[1,2], true, null, date '2020-01-01'), concat_ws(',', array['a b'], 1.50), format('%s', array[1,null])

select 1.10 || '', array[1.5] || '{2}', '{"a":1}'::jsonb || '', 'x' || '{"a": 1}'::json, 'x' || array[1]

-- refused: the text of a numeric needs a scale: numeric(p, s)
select string_agg(x::text, ','), string_agg(x::text, '' order by x desc) from (values (1.50), (2)) v(x)

select jsonb_build_array('{"b":1,  "a":2}'::json)::text, to_jsonb('{"b":1,  "a":2, "a": 1.50}'::json)::text, jsonb_build_object('x', '[1,2 ]'::json)::text

select jsonb_agg(x)::text, json_agg(x)::text from (values ('{"b":1,  "a":2}'::json), (null)) v(x)

select json_agg(x)::text from (values (array[1,2]), (null), (array[3]), ('{}')) v(x)

select jsonb_build_array('{"b":1,  "a":2}'::json) = '[{"a":2,"b":1}]'

select json_object_agg('x', x)::text, jsonb_object_agg('x', x)::text from (values ('{"b":1,  "a":2}'::json)) v(x)

select position('\x62' in '\x616263'::bytea), position('\x'::bytea in '\x61'), position('\x64'::bytea in '\x61'), position(null::bytea in '\x61')

select array[1] || 2.5, array_position(array[1], 1.0), array_remove(array[1,2], 2.0)

select interval '25:61:00'

select interval '1 foo'

select interval '99999999999 years'

select '1:60'::interval

select interval '10:70'

select time '10:70'

select timestamp '2024-01-01 10:70'

select interval '1day-2hours', interval '1 day -2 hours', interval '1.5day', interval '1 year-2 mons'

select interval '1-2-3'

select interval '2020-1-1'

select interval '1e3 seconds'

select interval '1e3'

select interval '1-2 3'

select interval '+1-2 -3 +4:05:06'

select interval '5.'

select interval '1 2'

select interval '-3-2'

select interval '1-12'

-- refused: an interval of more than 292 years of hours is not supported.
select interval '99999999999'

-- refused: an interval of more than 292 years of hours is not supported.
select '99999999999'::interval::text

-- refused: an interval of more than 292 years of hours is not supported.
select x::interval::text from (values ('99999999999')) v(x)

select interval '10 mon-3 days'

select interval '4-5-6 days'

select interval '1.5-2'

-- refused: an interval of more than 292 years of hours is not supported
select interval '2000000 hours' + interval '2000000 hours'

-- refused: an interval of more than 292 years of hours is not supported
select make_interval(hours => 2000000000)

-- refused: an interval of more than 292 years of hours is not supported
select sum(x) from (values (interval '2000000 hours'), ('2000000 hours')) v(x)

select interval '2562046 hours 59 min', -interval '2562046 hours'

select sum(x) over (order by x), avg(x) over () from (values (interval '2 hours'), ('3 hours')) v(x)

select timestamp '9999-01-01' + interval '999999 years'

select timestamp '2024-01-01' - interval '999999 years'

select nth_value(id, 0) over () from users

select nth_value(id, 2) over (order by id) from users

select timestamp '2999-01-01' - timestamp '0001-01-01'

select extract(epoch from interval '200 years')

-- refused: a value of interval is too large for Python. Cast it to text, or take the result as Arrow.
select interval '1 day' * 1e9

-- refused: an interval of more than 292 years of hours is not supported
select interval '1 hour' * 1e8

select interval '3 years' / 0.0001, interval '1 month' * 0.001

-- refused: numeric 1e+300 has more digits than are supported
select '1e300'::float8::numeric

select null::text::numeric, null::text::float4

select array[1, 2] = array[1.0, 2.0]
