select id, case when price > 5 then 'dear' when price is null then 'none' else 'cheap' end || '!' from gens order by id

select model, round(avg(price), 3), round(stddev(frames), 4), max(price) - min(price) from gens group by model order by model

select to_char(joined, 'DD.MM.YY'), to_char(age, '000'), age / 7.0 from users where id < 5 order by id

-- refused: the text of a numeric needs a scale: numeric(p, s)
select coalesce(price, 0) * 1.2, coalesce(price, 0)::text from gens where id in (4, 5, 6) order by id

select price::int, price::float8, price::text, -price, abs(price), round(price), trunc(price, 1) from gens order by id

select id, rating::numeric(10,3), (rating * 100)::int, rating::text, floor(rating), sign(rating) from gens order by id

select greatest(price, 5, null), least(price, rating) from gens where id < 8 order by id

select name || ' (' || coalesce(age::text, '?') || ')' from users order by id

select regexp_replace(lower(name), '[^a-z]', '', 'g'), name ~ '^\w+$', char_length(name) from users order by id

select joined + age, joined - interval '1 year', extract(year from joined) + 1, date_part('month', joined), age(joined, date '2025-01-01') from users order by id

select date_trunc('month', joined)::date, count(*) from users group by 1 order by 1

select (meta->>'lvl')::numeric / 3, meta->'nested'->'a'->0, jsonb_array_length(meta->'nested'->'a'), meta - 'nested' from users order by id

select jsonb_build_object('id', id, 'tags', tags, 'joined', joined, 'active', active) from users order by id

select to_jsonb(tags), to_jsonb(joined), to_jsonb(name), to_jsonb(age), to_jsonb(active) from users order by id

select array_length(tags, 1), tags[1] || 'x', array_to_string(tags, '|'), 'alpha' = any(tags), tags || 'z'::text from users order by id

select string_agg(upper(model), '/' order by id) filter (where model is not null) from gens where id < 9

select sum(frames)::float8 / count(*), sum(frames) / count(*), avg(frames)::int, avg(frames)::numeric(6,2) from gens

select count(*) filter (where rating > 'NaN'), count(*) filter (where quality = 'NaN'), max(quality) from gens

select width_bucket(rating, 0, 5, 5), count(*) from gens where rating is not null group by 1 order by 1

select ts + interval '1 day 2 hours', ts - timestamptz '2026-03-28', date_trunc('hour', ts), extract(epoch from ts)::bigint from events order by id

select small / 2, small % 2, small * 2.5, small::text || '%', -small, abs(small) from events order by id

select nums[1] + 1, array_length(nums, 1), nums @> array[1::bigint], array_position(nums, 2), array_remove(nums, 0) from events order by id

select f4 * 3, f4::numeric(6,3), f4 > 0.3, f4 = 0.25, round(f4::numeric, 1) from events order by id

select 7 / 2 * 1.0, 7 * 1.0 / 2, (7 / 2)::numeric, 7::float8 / 2, 10 % 4 * 1.5

select 0.1 + 0.2 = 0.3, 0.1::float8 + 0.2::float8 = 0.3::float8, 1e2, 1.50 = 1.5, 3 > 2.999999999999999999

select 1/3.0 * 3, 2/3.0, 100.0/7, 1e-5/3, 12345678.9/3, 1/7.0 + 1/7.0

-- refused: the text of a numeric needs a scale: numeric(p, s)
select (1/3.0)::text

select round(1/3.0, 5)::text, (2/3.0)::numeric(10,3)::text, trunc(2/3.0, 2)

select substr('hello', 2, 100), substr('hello', 10), left('', 2), right('abc', 10), lpad('', 3, '*'), repeat('', 5)

select trim(both from '  x  '), trim('xy' from 'xyzxy'), ltrim('  x'), rtrim('x  ', ' x')

select strpos('añb', 'b'), position('ñ' in 'añb'), overlay('ñandú' placing 'N' from 1 for 1), reverse('añb'), upper('ñ')

select encode(sha256('abc'), 'hex'), md5('añb'), encode('ñ'::bytea, 'base64'), decode('w7E=', 'base64')

select '2026-03-29 02:30'::timestamp at time zone 'Europe/Paris', '2026-07-01 12:00+00'::timestamptz at time zone 'Asia/Tokyo', '2026-07-01 12:00'::timestamp at time zone 'UTC'

select extract(week from date '2027-01-01'), extract(isoyear from date '2027-01-01'), extract(doy from date '2028-12-31'), extract(century from date '2001-01-01'), extract(dow from date '2026-02-28')

select date '2024-02-29' + interval '1 year', date '2026-03-31' - interval '1 month', timestamp '2026-01-31 10:00' + interval '1 month 1 day', date '2026-01-01' + interval '1.5 days'

select interval '1 day' * 2.5, interval '1 hour' / 7, interval '3 days' * -1, interval '1 month' * 0.5, 1.5 * interval '1 week'

select '1 year 3 hours'::interval::text, (interval '1 hour' * 30)::text, (timestamp '2026-03-01' - timestamp '2026-01-31 12:00')::text, age(timestamp '2026-03-01', timestamp '2026-01-31')::text

select make_interval(0, 0, 0, 1, 2, 3, 4.5), make_timestamptz(2026, 1, 1, 0, 0, 0)

select x % 3, -x % 3, x / -2, x & 6, x # 5, x << 2 from generate_series(1, 5) x order by x

select not (null > 1), null = null, null <> 1, null and false, null or true, (null is null) = true

select 'a' < 'b' and 'Z' < 'a', 'abc' > 'ab', '' < 'a', 'é' > 'z'

select 5 between 1 and 10, 'b' between 'a' and 'c', 5 not between 6 and 7, 5 between symmetric 10 and 1

select nullif(price, 3.31), nullif(name, 'x'), nullif(id, 1) from gens join users using (id) order by id limit 4

select percentile_cont(0.5) within group (order by price), percentile_disc(0.9) within group (order by joined) from gens join users using (id)

select json_build_object('a', 1.5, 'b', array['x', null]), jsonb_build_array(null, '{"k": [1]}'::jsonb, date '2026-01-01')

select '{"a": {"b": [10, {"c": "d"}]}}'::jsonb #>> '{a,b,1,c}', '{"a": {"b": [10]}}'::jsonb #> '{a,b,-1}', '[1,2,3]'::jsonb -> 1, '"x"'::jsonb ->> 0, '{"a":1}'::jsonb -> 'a' -> 'b'

select jsonb_set('{"a":[1,2,3]}', '{a,1}', '"x"'), jsonb_set('{"a":{}}', '{a,b,c}', '1'), jsonb_strip_nulls('{"a":{"b":null}}'), '{"a":1,"b":2}'::jsonb - '{a,c}'::text[]

select '[3,1,2]'::jsonb @> '[1,3]', '{"a":[1]}'::jsonb @> '{"a":[]}', '{"a":{"x":1,"y":2}}'::jsonb @> '{"a":{"y":2}}', '[[1,2]]'::jsonb @> '[[1]]', '"a"'::jsonb @> '"a"', 'null'::jsonb @> 'null'

select jsonb_object_agg(model, frames) from gens where model is not null and id < 4

select jsonb_agg(frames order by frames desc nulls last) filter (where id < 6), json_agg(null) from gens

select lower(null), length(null::text), upper('x') || null, coalesce(upper(null), 'none'), concat(null, null)

select * from (values (1.5), (2), (null)) t(x) order by x desc

select sum(x), avg(x), min(x), max(x), count(x) from (values (1.5), (2), (null)) t(x)

select max(x), min(x) from (values (date '2026-01-01'), (null), (date '2025-01-01')) t(x)

select variance(x), stddev(x), var_pop(x) from (values (1.5), (2.5), (4)) t(x)

select bool_and(x), bool_or(x), every(x) from (values (true), (null)) t(x)

select ceil(-0.5), floor(-0.5), round(-0.5), trunc(-0.5), ceil(-0.5::float8), round(0.5::float8), round(1.5::float8), round(-1.5)

-- refused: a numeric of more than 18 digits before the point, whose digits after it are not declared,
select power(10, 20), power(2::numeric, 64), sqrt(2::numeric), exp(0), ln(1), log(1000)

select 9223372036854775807::numeric + 1, (2^31)::bigint, (2^53)::int8, -9223372036854775808

select (-7) / 2, (-7) % 2, -7.5 % 2, div(-7, 2), mod(-7, 2), 7 / -2

select 1::smallint / 0::smallint

select 5.0 % 0

select 1e308::float8 + 1e308::float8

select ln(-1::float8)

select chr(-1)

select lpad('x', 2000000000, 'y')

select '2026-01-01'::timestamp + 'x'

select to_date('2026-02-30', 'YYYY-MM-DD')

select make_timestamp(2026, 13, 1, 0, 0, 0)

select date 'nonsense'

select array[1,2][3], (array['a','b'])[2], array_upper(array[]::int[], 1)

select 'a,b;c' ~ '[,;]', regexp_split_to_array('a,b;c', '[,;]'), regexp_replace('aXbX', 'X$', ''), regexp_match('key=val', '(\w+)=(\w+)')

select 'foo' similar to '%o{2}', 'foo' like 'f__', 'f_o' like 'f\_o', 'FOO' ilike '%o', 'foo' !~~ 'b%'

select overlay('abc' placing 'X' from 0)

-- refused: substring(… SIMILAR … ESCAPE …) is not supported
select substring('abc' similar 'a#"b#"c' escape '#')

select initcap('o''reilly MAC-DONALD x9y')

-- refused: '"' in to_char of a number is not supported
select to_char(0.005, '0.00'), to_char(-1234.567, '9G999D99'), to_char(1e9::float8, '9999999999'), to_char(12, '"n"99'), to_char(3.14159, 'FM990.099')

select to_char(timestamp '2026-03-04 15:06:07.089', 'HH:MI:SS.MS am TZ'), to_char(date '2026-03-04', 'Dy, DD Mon YYYY'), to_char(date '2026-12-31', 'IYYY-IW-ID'), to_char(timestamp '2026-03-04', 'FMMM/FMDD/YY')

select make_interval(days => 3), make_interval(1, mins => 10, secs => 1.5), make_interval(hours := 2)

select make_interval(nope => 3)

-- refused: arguments of round by name are not supported
select round(x => 1)

select 'x'::char(3) = 'x', 'x'::char(3) < 'y', max('b'::char(2)), 'ab'::char(3) like 'ab%'

select length('ab '::char(4)), 'ab'::char(4)::text || '|', 'ab'::char(4) || '|'

select 'abc'::char(2) = 'ab', coalesce('a'::char(3), 'b'), upper('ab'::char(4)) || '|'

select 1 = any('{1,2}'), 'a' = any('{a,b}'), 2 <> all('{1,3}')

select sum(1), avg(1.5), count(1), max('x'), min(null)

select max(5), max(null::int), array_agg(null::int), string_agg(null, ',')

select 5::int4 / 2.0::float4, 5::int8 + 1.5::float4, 3::int2 * 1.5::float4, 1.5::float4 + 1.5::numeric

select abs(-5.5), abs(-5::int8), abs(-5.5::float4), @ -3.2, -(-3)

select mod(5::int8, 3), mod(5::int2, 3::int2), mod(5.5, 2), 5::int2 % 3

select date '2026-01-01' in ('2026-01-01', '2025-01-01'), timestamp '2026-01-01' = '2026-01-01', now() > '2020-01-01'

select '1 day'::interval = '24:00', interval '1 day' in ('24 hours', '2 days')

select extract(epoch from ts - '2026-01-01') > 0, ts::date - joined, ts > joined from events join users using (id) order by id

select case when age > 30 then age when age is null then 0.5 else '7' end from users order by id

select id, name from users where length(name) > 3 and name < 'b' or age / 2 = 10 order by id

select age::text || name, age || name, name || age || active::text from users where id < 4 order by id

select count(*) from gens where price * 2 > 10.5 and rating + 1 < 4 and frames % 2 = 0 and not (model = 'flux')

select sum(price * frames), avg(price * frames), sum(price) filter (where frames > 30) / 2, sum(rating * 2)::numeric(10,2) from gens

select jsonb_typeof(payload -> 'a'), payload -> 'a' = '1', payload ->> 'a' = '1', payload -> 'a' is null, payload = '{}' from events order by id

select payload || jsonb_build_object('n', id) from events where jsonb_typeof(payload) = 'object' order by id

select x, x::jsonb ->> 'k' from (values ('{"k": 1}'), ('{"k": [1,  2]}'), ('{}')) t(x) order by 1

select array_agg(age order by age)::text, array_agg(name order by name)::text, array_agg(active order by id)::text from users

select string_to_array(name, 'o'), array_length(string_to_array(name, 'o'), 1) from users order by id

select left(name, -1), right(name, 2), substr(name, 2, 2), lpad(name, 5, '.'), replace(name, 'a', '') from users order by id

select to_char(created_at, 'YYYY"y" Q WW'), to_char(price, 'FM999.00'), to_char(frames, '999') from gens order by id

select date_part('dow', created_at), extract(hour from created_at), created_at::time, created_at::date from gens order by id

select quality + 1, quality * 0, quality = quality, quality < 1, -quality, abs(quality), quality::text from gens where id < 13 order by id

select rating::int, frames::text::int, price::numeric(5,1), rating::real, id::float4 from gens order by id

select ntile(3) over (order by price), lag(price) over (order by id), sum(price) over (partition by model order by id) from gens order by id

select 'a' || 'b' || null is null, ('x' || 1)::text, 'x' || array['y']

select 10 / 3, 10 / 3.0, 10 / 3::float8, -10 / 3, 10 % 3.5, 2 ^ 10, 10.0 / 5

select 1::numeric / 3, 22.0 / 7, 1.0 / 1024, 99999.0 / 7, 0.00001 / 7

select 100 * 1.1, 100 * 1.10::numeric(10,4), 1.1 * 1.1 * 1.1, (1.5 - 0.5) * 2, 3 - 1.50

select round(123.456, 1), round(123.456, -1), round(-123.456), trunc(123.999, 2), round(0.5), round(1.5), round(-2.5)

select 1.0::text, 1.10::text, (1.10 + 1)::text, (2 * 1.5)::text, round(1.25, 1)::text, (-1.50)::text, sum(1.50)::text

select cast(1.239 as numeric(10,2))::text, 5::numeric(5,2)::text, '7.1'::numeric::text, 1e3::text, 1.5e-3::text
