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

select max('1'::jsonb)

select trunc('5')

select trunc(null)

select age(null)

select array_to_string(null, ',')

select array_append(null, '5')

select array_append(null, null)

select array_prepend('5', null)

select array_cat(null, null)

select array_append(null, 5)

select trim('\x00'::bytea from '\x0000ab00'::bytea)

select btrim('\x0001'::bytea, '\x00'::bytea)

select trim(both from '\x0000ab00'::bytea)

select ltrim('\x0001'::bytea, '\x00'::bytea)

select rtrim('\x0100'::bytea, '\x00'::bytea)

select trim(leading '\x00'::bytea from '\x0000ab00'::bytea)

select width_bucket(5, array[1,3,6])

select width_bucket(5.5, array[1.0,3,6])

select width_bucket(5::float8, array[1,3,6]::float8[])

select width_bucket('c'::text, array['a','b','d'])

select width_bucket(null, array[1,2])

select width_bucket('5', array[1,2])

select width_bucket(5, array[1.5,2])

select width_bucket(5, array[null, 3])

select width_bucket(5, array[]::int[])

select width_bucket(5, null::int[])

select gcd(6.0, 4.5)

select lcm(6.0, 4.5)

select gcd(6, 4.5)

select lcm(0.0, 4.5)

select gcd(330.3::numeric, 462)

select lcm(330.3::numeric, 462)

select gcd(-330.3::numeric, 462)

select gcd('6', 4.5)

select gcd('6', '4')

select gcd(null, null)

select gcd(1.5, null)

select NULL IS DISTINCT FROM '1'::json

select '1'::json IS DISTINCT FROM NULL

select NULL IS DISTINCT FROM '1'::jsonb

select NULL IS NOT DISTINCT FROM '1'::json

select NULL::json IS NOT DISTINCT FROM null

select NULL::json IS NOT DISTINCT FROM null::json

select '0x10'::float8

select '0x1p3'::float8

select '0x10'::float4

select '$1'::interval

select 'inf'::float8

select '1_000'::float8

select '1e'::float8

select 'infinit'::float8

select 'nan(123)'::float8

select '+nan'::float8

select '-nan'::float8

select ' 1.5 '::float8

select '1 '::interval

select '$1 day'::interval

select '#1'::interval

select '1,'::interval

select '1;'::interval

select '@ 1 day'::interval

select 'x1'::interval

select '1$'::interval

select '0x10'::numeric

select '0x10'::int

select array['a'::text] = array['a'::varchar]

select name || array[1.5] from users where id = 1

select name || array[1] from users where id = 1

select name || array['a'] from users where id = 1

select name || '[1.5]'::jsonb from users where id = 1

select name || '[1.5]'::json from users where id = 1

select '$2020-01-01'::date

select '2020-01-01,10:00'::timestamp

select '(2020-01-01)'::date

select '2020-01-01;'::date

select '2020-01-01 @ 10:00'::timestamp

select '$10:00'::time

select '10:00,'::time

select 'Jan 1, 2020'::date

select '#2020-01-01 10:00:00+02'::timestamptz

select '[2020-01-01 10:00:00 UTC]'::timestamptz

select '2020-01-01_10:00'::timestamp

select '2020-01-01,'::timestamptz

select '1$day'::interval

select '1, 2:03'::interval

select '1 day, 2:03'::interval

select '(1 day)'::interval

select '1_000'::interval

select '-$1'::interval

select '$'::interval

select '1 day;ago'::interval

select '1!'::interval

select '1=day'::interval

select '1%'::interval

select '1&2'::interval

select '1 day "2" hours'::interval

select '1?'::interval

select '1^2'::interval

select '~1'::interval

select '1 day {2 hours}'::interval

select '''1'' day'::interval

select '\1'::interval

select '1/2'::interval

select '/1'::interval

select ':1'::interval

select '1 : 2'::interval

select '1-2,3'::interval

select '$1-2'::interval

select '$-1'::interval

select '1,5'::interval

select '1,5 days'::interval

select interval '1$' month

select '0x'::float8

select '0x1p'::float8

select '0x.8'::float8

select '0x1.8p1'::float8

select '-0x1'::float8

select ' 0X1F '::float8

select '0x1p99999'::float8

select '0x1p-99999'::float8

select '0x0p-99999'::float8

select '0x1p200'::float4

select 'nan()'::float8

select 'nan(a b)'::float8

select 'nan(1)'::float4

select '-nan(1)'::float8

select '0x1g'::float8

select array['0x10']::float8[]

select '{0x10,nan(1)}'::float8[]

select ('0x' || '10')::float8

select ('0x' || '1p200')::float4

select ('nan(' || '10)')::float8

select ('$' || '10')::interval

select float8 '0x10' + 1

select 1.5::float8 = '0x1.8'

select '0x10'::float8::int

select gcd(6, 4.50)

select gcd(0.0, 0)

select gcd(0.00, 5.5)

select lcm(-6.0, 4.5)

select gcd(a, b) from (values (1.5, 2.25), (3.0, null)) t(a, b)

select lcm(a, b) from (values (1.5, 2.25), (3.0, null)) t(a, b)

select lcm(99999999999999999999999999999.9, 77777777777777777777777777777.7)

select gcd(1.5::float8, 2)

select gcd(2::bigint, 1.5)

-- refused: width_bucket of thresholds that are not sorted is not supported
select width_bucket(3, array[5, 1, 9])

-- refused: numeric "NaN" is not supported.
select width_bucket('NaN'::float8, array[1.0, 'NaN']::float8[])

select width_bucket(id, array[3, 6]) from users order by id

select width_bucket(name, array['B', 'L']) from users order by id

select width_bucket('a', array['a'::text])

-- refused: function width_bucket() of arrays of jsonb is not supported.
select width_bucket('[1]'::jsonb, array['[1]'::jsonb])

select width_bucket(null, null)

select width_bucket('5', '{1,2}')

select width_bucket(true, array[false, true])

select width_bucket(null::int, array[null, 1])

select width_bucket('1 day'::interval, array['1 hour'::interval, '2 days'])

select width_bucket(null::float8, 1, 1, 5)

select width_bucket(2.5::float8, 2.5, 2.5, null)

select array_position(array[1,2], 1, null)

select array_position(null::int[], 1, null)

select btrim(name, 'A') from users order by id

select btrim(null, '\x00'::bytea)

select btrim('\x0001'::bytea, null)

select btrim('\x0001', '\x00'::bytea)

select btrim('\x0001'::bytea, '')

select btrim(''::bytea, '\x00'::bytea)

select btrim('abcba'::bytea, 'ab')

select ltrim('abcba'::bytea, 'ab'::text)

select array_append(null, 1.5)

select array_prepend(null, null)

select array_length(null, 1)

select array_upper(null, 1)

select cardinality(null)

select array_ndims(null)

select trim_array(null, 1)

select array_agg(null)

select jsonb_agg(null)

-- refused: function array_to_json() is not supported. Did you mean 'array_to_string'?
select array_to_json(null)

select to_json(null)

select to_jsonb('5')

-- refused: function row_to_json() is not supported. Did you mean 'to_json'?
select row_to_json(null)

select jsonb_build_array('5', null)

select min(null)

select max('5')

select sum('5')

select avg(null)

select min('5') from users

select greatest('5', null)

select coalesce('5', null)

select nullif('5', null)

select nullif(null, null)

select lag(null) over ()

select first_value('5') over ()

select ntile('2') over () from users where id < 3

select percentile_cont('0.5') within group (order by id) from users

select generate_series('1', '3')

select generate_series(null, null)

select generate_series('1', 3)

select generate_series('2020-01-01', '2020-01-03', '1 day')

select null + null

select '5' + '5'

select -'5'

select - null

select @ '5'

select ~ '5'

select '5' ?& '5'

select '5' ? '5'

select '5' <@ '5'

select '5' -> '5'

select '5' | '5'

select '5' ^ '5'

select '5' % '5'

select |/ '5'

select pg_typeof(null)

select '2020-01-01' at time zone 'UTC'

select null at time zone 'UTC'

select extract(year from '2020-01-01')

select extract(year from null)

select date_trunc('day', '2020-01-01')

select date_trunc('day', null)

select substring('abc' from '1')

select substring(null from null)

select overlay('abc' placing 'x' from '1')

select position('a' in null)

select to_char(null, 'YYYY')

select to_char('5', '999')

select to_timestamp('5')

select to_timestamp(null)

select isfinite('2020-01-01')

select isfinite(null)

select abs('5')

select abs(null)

select round('5')

select round('5.5', 1)

select round('5.5', '1')

select round(null, null)

select trunc('5.5', 1)

select trunc('5.5', '1')

select ceil('5')

select sqrt('5')

select power('2', '3')

select power('2', 3)

select log('5')

select log('5', '6')

select log(2, '6')

select sign('5')

select exp(null)

select mod('5', '3')

select mod('5', 3)

select div('5', '3')

select md5('5')

select sha256('5')

select length(null)

select octet_length('5')

select reverse(null)

select encode('5', 'hex')

select '1 5 days'::interval

select '1 2 hours'::interval

select '5 1-2'::interval

select '1 2'::interval

select '1 ago'::interval

select '1 day 2 ago'::interval

select '1 2:03 ago'::interval

select '1 2:03 4'::interval

select '1-2 3'::interval

select '1-2 3 4:05'::interval

select '1 year 3 4:05'::interval

select interval '1 2' day

select interval '1 2' month

select interval '3 4:05' day

select interval '1 2 days' hour

select interval '1 day 2' hour

select interval '1 day 2' minute

select interval '2 3:04' month

select '1 @ 2 days'::interval

select '@ 1'::interval

select '3 days 5'::interval

select '3, ago'::interval

select 'Jan(1)2020'::date

select '2020$01$01'::date

-- refused: a date beyond the years 1 to 9999 has no value of Python. Cast it to text, or take the result as Arrow.
select 'infinity!'::date

select '$epoch'::date

select '2020-01-01 10:00:00 America/New_York'::timestamptz

select '2020-01-01 10:00:00 (America/New_York)'::timestamptz

select '2020-01-01 10:00:00 America/Port_of_Spain'::timestamptz

select '2020_01_01'::date

select '2020-01-01 -$1'::timestamptz

select '2020-01-01 10:00 -02'::timestamptz

select '2020-01-01 10:00(-02)'::timestamptz

select '10:00_'::time

select '2020-01-01 :10:00'::timestamp

select '"2020-01-01"'::date

select '2020-01-01, 10:00, UTC'::timestamptz

select '10:00 pm,'::time

select '10:00,pm'::time

-- refused: a date beyond the years 1 to 9999 has no value of Python. Cast it to text, or take the result as Arrow.
select '2020-01-01 BC;'::date

-- refused: a date beyond the years 1 to 9999 has no value of Python. Cast it to text, or take the result as Arrow.
select '2020-01-01,BC'::date

select '$'::date

select '$$'::time

select 'Jan_1_2020'::date

select '1/2/2020;'::date

select '/1/2/2020'::date

select '2020-01-01/'::date

select '20200101!'::date

select array['2020-01-01;']::date[]

select ('2020-01-01' || ';')::timestamp

select '{"2020-01-01;"}'::date[]

select to_date('2020;01', 'YYYY;MM')

select extract(hour from time '10:00!')

select '1 2 h'::interval

select '1 2.5 hrs 3'::interval

select '1 2 hours 3 minutes'::interval

select '1 2 minutes'::interval

select '1 2 hundred'::interval

select '1 1 2 hours'::interval

select null !~ null

select null !~* null

select null !~~ null

select null !~~* null

select null # null

select 2 # null

select null # 2

select null #- null

select null #- array['a','b']

select null #> null

select null #> array['a','b']

select null #>> null

select null #>> array['a','b']

select null % null

select 2.5 % null

select null % 2.5

select 2 % null

select null % 2

select null & null

select 2 & null

select null & 2

select null && null

select array[1,2] && null

select null && array[1,2]

select null * null

select 2 * null

select 1 * null

select null * 1

select null * 2

select 2.5 * null

select null * 2.5

select 1 + null

select null + 1

select 2 + null

select null + 2

select 2.5 + null

select null + 2.5

select + null

select null - null

select 1 - null

select null - 1

select null - array['a','b']

select null - 2

select 2 - null

select 2.5 - null

select null - 2.5

select null -> null

select null -> 2

select null ->> null

select null ->> 2

select null / null

select 2 / null

select null / 2

select 2.5 / null

select null / 2.5

select null < null

select 1 < null

select null < 1

select 2 < null

select null < 2

select 2.5 < null

select null < 2.5

select array[1,2] < null

select null < array[1,2]

select true < null

select null < true

select null << null

select null << 2

select 2 << null

select null <= null

select 1 <= null

select null <= 1

select 2 <= null

select null <= 2

select 2.5 <= null

select null <= 2.5

select array[1,2] <= null

select null <= array[1,2]

select true <= null

select null <= true

select null <> null

select 1 <> null

select null <> 1

select 2 <> null

select null <> 2

select 2.5 <> null

select null <> 2.5

select array[1,2] <> null

select null <> array[1,2]

select true <> null

select null <> true

select null <@ null

select array[1,2] <@ null

select null <@ array[1,2]

select null = null

select 1 = null

select null = 1

select 2 = null

select null = 2

select 2.5 = null

select null = 2.5

select array[1,2] = null

select null = array[1,2]

select true = null

select null = true

select null > null

select 1 > null

select null > 1

select 2 > null

select null > 2

select 2.5 > null

select null > 2.5

select array[1,2] > null

select null > array[1,2]

select true > null

select null > true

select null >= null

select 1 >= null

select null >= 1

select 2 >= null

select null >= 2

select 2.5 >= null

select null >= 2.5

select array[1,2] >= null

select null >= array[1,2]

select true >= null

select null >= true

select null >> null

select null >> 2

select 2 >> null

select null ? null

select null ?& null

select null ?& array['a','b']

select null ?| null

select null ?| array['a','b']

select @ null

select null @> null

select array[1,2] @> null

select null @> array[1,2]

select null ^ null

select 2.5 ^ null

select null ^ 2.5

select null ^@ null

select acos(null)

select acosh(null)

select age(null, null)

select array_append(array[1,2], null)

select array_append(null, 1)

select array_cat(array[1,2], null)

select array_cat(null, array[1,2])

select array_dims(null)

select array_length(null, null)

select array_length(array[1,2], null)

select array_length(null, 2)

select array_lower(null, null)

select array_lower(array[1,2], null)

select array_lower(null, 2)

select array_position(null, null)

select array_position(array[1,2], null)

select array_position(null, 1)

select array_position(null, null, null)

select array_position(array[1,2], null, 2)

select array_position(array[1,2], null, null)

select array_position(null, 1, 2)

select array_position(null, 1, null)

select array_position(null, null, 2)

select array_positions(null, null)

select array_positions(array[1,2], null)

select array_positions(null, 1)

select array_prepend(1, null)

select array_prepend(null, array[1,2])

select array_remove(null, null)

select array_remove(array[1,2], null)

select array_remove(null, 1)

select array_replace(null, null, null)

select array_replace(array[1,2], 1, null)

select array_replace(array[1,2], null, 1)

select array_replace(array[1,2], null, null)

select array_replace(null, 1, 1)

select array_replace(null, 1, null)

select array_replace(null, null, 1)

select array_to_string(null, null)

select array_to_string(array['a','b'], null)

select array_to_string(null, null, null)

select array_to_string(array['a','b'], null, null)

select array_upper(null, null)

select array_upper(array[1,2], null)

select array_upper(null, 2)

select ascii(null)

select asin(null)

select asinh(null)

select atan(null)

select atan2(null, null)

select atanh(null)

select bit_length(null)

select btrim(null)

select btrim(null, null)

select cbrt(null)

select ceil(null)

select ceiling(null)

select char_length(null)

select character_length(null)

select chr(null)

select concat(null)

select concat_ws(null, null, null)

select convert_from(null, null)

-- refused: only UTF8 is supported
select convert_to(null, null)

select cos(null)

select cosd(null)

select cosh(null)

select cot(null)

select date_bin(null, null, null)

select date_part(null, null)

select date_trunc(null, null)

select date_trunc(null, null, null)

select decode(null, null)

select degrees(null)

select div(null, null)

select div(2.5, null)

select div(null, 2.5)

select dsqrt(null)

select encode(null, null)

select extract(null, null)

select factorial(null)

select floor(null)

select format(null, null)

select gcd(2, null)

select gcd(null, 2)

select generate_series:(null, null)

select generate_series:(2, null)

select generate_series:(null, 2)

select generate_series:(null, null, null)

select generate_series:(2, 2, null)

select generate_series:(2, null, 2)

select generate_series:(2, null, null)

select generate_series:(null, 2, 2)

select generate_series:(null, 2, null)

select generate_series:(null, null, 2)

select get_byte(null, null)

select get_byte(null, 2)

select initcap(null)

select json_array_elements:value(null)

select json_array_elements_text:value(null)

select json_array_length(null)

select json_each:key(null)

select json_each:value(null)

select json_each_text:key(null)

select json_each_text:value(null)

select json_object_keys:(null)

select json_strip_nulls('5')

select json_strip_nulls(null)

select json_typeof(null)

select jsonb_array_elements:value(null)

select jsonb_array_elements_text:value(null)

select jsonb_array_length(null)

select jsonb_each:key(null)

select jsonb_each:value(null)

select jsonb_each_text:key(null)

select jsonb_each_text:value(null)

select jsonb_insert(null, null, null)

select jsonb_insert(null, array['a','b'], null)

select jsonb_insert(null, null, null, null)

select jsonb_object(null)

select jsonb_object(null, null)

select jsonb_object(array['a','b'], null)

select jsonb_object(null, array['a','b'])

select jsonb_object_keys:(null)

select jsonb_pretty(null)

select jsonb_set(null, null, null)

select jsonb_set(null, array['a','b'], null)

select jsonb_set(null, null, null, null)

select jsonb_strip_nulls('5')

select jsonb_strip_nulls(null)

select jsonb_typeof(null)

select justify_days(null)

select justify_hours(null)

select justify_interval(null)

select lcm(null, null)

select lcm(2, null)

select lcm(null, 2)

select left(null, null)

select left(null, 2)

select ln(null)

select log(null)

select log(null, null)

select log(2.5, null)

select log(null, 2.5)

select log10(null)

select lower(null)

select lpad(null, null)

select lpad(null, 2)

select lpad(null, null, null)

select lpad(null, 2, null)

select ltrim(null)

select ltrim(null, null)

select make_date(null, null, null)

select make_date(2, 2, null)

select make_date(2, null, 2)

select make_date(2, null, null)

select make_date(null, 2, 2)

select make_date(null, 2, null)

select make_date(null, null, 2)

select make_interval(null)

select make_interval(null, null)

select make_interval(2, null)

select make_interval(null, 2)

select make_interval(null, null, null)

select make_interval(2, 2, null)

select make_interval(2, null, 2)

select make_interval(2, null, null)

select make_interval(null, 2, 2)

select make_interval(null, 2, null)

select make_interval(null, null, 2)

select make_interval(null, null, null, null)

select make_interval(2, 2, 2, null)

select make_interval(2, 2, null, 2)

select make_interval(2, null, 2, 2)

select make_interval(null, 2, 2, 2)

select make_interval(null, null, null, null, null)

select make_interval(2, 2, 2, 2, null)

select make_interval(2, 2, 2, null, 2)

select make_interval(2, 2, null, 2, 2)

select make_interval(2, null, 2, 2, 2)

select make_interval(null, 2, 2, 2, 2)

select make_interval(null, null, null, null, null, null)

select make_interval(2, 2, 2, 2, 2, null)

select make_interval(2, 2, 2, 2, null, 2)

select make_interval(2, 2, 2, null, 2, 2)

select make_interval(2, 2, null, 2, 2, 2)

select make_interval(2, null, 2, 2, 2, 2)

select make_interval(null, 2, 2, 2, 2, 2)

select make_interval(null, null, null, null, null, null, null)

select make_interval(2, 2, 2, 2, 2, 2, null)

select make_time(null, null, null)

select make_time(2, 2, null)

select make_time(2, null, null)

select make_time(null, 2, null)

select make_timestamp(null, null, null, null, null, null)

select make_timestamp(2, 2, 2, 2, 2, null)

select make_timestamptz(null, null, null, null, null, null)

select make_timestamptz(2, 2, 2, 2, 2, null)

select md5(null)

select mod(null, null)

select mod(2.5, null)

select mod(null, 2.5)

select mod(2, null)

select mod(null, 2)

select num_nonnulls('5')

select num_nonnulls(null)

select num_nulls('5')

select num_nulls(null)

select octet_length(null)

select overlay(null, null, null)

select overlay(null, null, 2)

select overlay(null, null, null, null)

select pg_column_size(null)

select position(null, null)

select pow(null, null)

select pow(2.5, null)

select pow(null, 2.5)

select power(null, null)

select power(2.5, null)

select power(null, 2.5)

select quote_ident(null)

select quote_literal(null)

select quote_nullable('5')

select quote_nullable(null)

select radians(null)

select regexp_count(null, null)

select regexp_like(null, null)

-- refused: flags of a pattern that are no constant are not supported.
select regexp_like(null, null, null)

select regexp_match(null, null)

select regexp_match(null, null, null)

select regexp_matches(null, null)

select regexp_matches(null, null, null)

select regexp_replace(null, null, null)

select regexp_replace(null, null, null, null)

select regexp_split_to_array(null, null)

select regexp_split_to_array(null, null, null)

select regexp_substr(null, null)

select repeat(null, null)

select repeat(null, 2)

select replace(null, null, null)

select right(null, null)

select right(null, 2)

select round(null)

select round(2.5, null)

select round(null, 2)

select rpad(null, null)

select rpad(null, 2)

select rpad(null, null, null)

select rpad(null, 2, null)

select rtrim(null)

select rtrim(null, null)

-- refused: scale() of a numeric whose scale varies is not supported.
select scale(null)

select sha256(null)

select sign(null)

select sin(null)

select sind(null)

select sinh(null)

select split_part(null, null, null)

select split_part(null, null, 2)

select sqrt(null)

select starts_with(null, null)

select string_to_array(null, null)

select string_to_array(null, null, null)

select strpos(null, null)

select substr(null, null)

select substr(null, 2)

select substr(null, null, null)

select substr(null, 2, 2)

select substr(null, 2, null)

select substr(null, null, 2)

select substring(null, null)

select substring(null, 2)

-- refused: substring(… SIMILAR … ESCAPE …) is not supported.
select substring(null, null, null)

select substring(null, 2, 2)

select substring(null, 2, null)

select substring(null, null, 2)

select tan(null)

select tand(null)

select tanh(null)

select timezone(null, null)

select to_char(null, null)

select to_char(2.5, null)

select to_char(2, null)

select to_date(null, null)

select to_hex(null)

select to_jsonb(null)

select to_timestamp(null, null)

select translate(null, null, null)

select trim_array(null, null)

select trim_array(array[1,2], null)

select trim_array(null, 2)

select trunc(null, null)

select trunc(2.5, null)

select trunc(null, 2)

select unnest:(null)

select upper(null)

select width_bucket(null, null, null, null)

select width_bucket(2.5, 2.5, 2.5, null)

select width_bucket(2.5, 2.5, null, 2)

select width_bucket(2.5, null, 2.5, 2)

select width_bucket(null, 2.5, 2.5, 2)

select null | null

select 2 | null

select null | 2

select |/ null

select null || null

select array[1,2] || null

select null || array[1,2]

select 1 || null

select null || 1

select ||/ null

select ~ null

select null ~ null

select null ~* null

select null ~<=~ null

select null ~<~ null

select null ~>=~ null

select null ~>~ null

select null ~~ null

select null ~~* null

select bit_and(null)

select bit_or(null)

select bit_xor(null)

select bool_and(null)

select bool_or(null)

select corr(null, null)

select count(null)

select covar_pop(null, null)

select covar_samp(null, null)

select every(null)

select max(null)

select regr_avgx(null, null)

select regr_avgy(null, null)

select regr_count(null, null)

select regr_intercept(null, null)

select regr_r2(null, null)

select regr_slope(null, null)

select regr_sxx(null, null)

select regr_sxy(null, null)

select regr_syy(null, null)

select stddev(null)

select stddev_pop(null)

select stddev_samp(null)

select string_agg(null, null)

select sum(null)

select var_pop(null)

select var_samp(null)

select variance(null)

select array_position(array[1,null], null, null)

select array_position(array[]::int[], 1, null)

select unnest(null)

select unnest('{1}')

select * from unnest(null)

select * from unnest('{1}', array[1])

select unnest(null::int[])

-- refused: operator = of arrays of json is not supported.
select '5' = array['1'::json]

-- refused: operator < of arrays of json is not supported.
select array['1'::json] < '5'

select '5' @> 'b'::text

select '5' @> '2020-01-02'::timestamptz

select null @> 2

select null @> '1'::json

select null @> '1 day'::interval

-- refused: operator && of arrays of json is not supported.
select '5' && array['1'::json]

select array_to_string('5', 2.5)

select array_append('5', array['1'::jsonb])

select array_append('5', array['1'::json])

select array_remove('5', array[1,2])

select array_append('5', array[1.5])

select array_remove('5', array['a','b'])

select array_append('5', array['2020-01-01'::date])

select array_remove('5', array['2020-01-01'::timestamp])

select array_to_string('5', '1 day'::interval)

select array_remove('5', array[true])

-- refused: function array_position() of arrays of json is not supported.
select array_position(null, '1'::json)

select array_remove(null, array['1'::jsonb])

select array_remove(null, array['1'::json])

select array_to_string(null, array[1,2])

select array_position(null, array[1.5])

select array_to_string(null, array['a','b'])

select array_position(null, array['2020-01-01'::date])

select array_to_string(null, array['2020-01-01'::timestamp])

select array_to_string(null, true)

select array_to_string(null, array[true])

select array_to_string(array['1'::jsonb], 2.5)

select width_bucket(array['1'::jsonb], null)

select array_to_string(array['1'::jsonb], array[1::bigint])

select array_to_string(array['1'::jsonb], '2020-01-02'::date)

select array_to_string(array['1'::jsonb], 'b'::bytea)

select array_to_string(array['1'::json], 2.5::float8)

-- refused: operator = of arrays of json is not supported.
select nullif(array['1'::json], null)

select array_to_string(array['1'::json], '1'::json)

select array_to_string(array['1'::json], array[1.5])

select array_to_string(array['1'::json], '2020-01-02'::timestamp)

select array_to_string(array['1'::json], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array[1,2] = any('5')

select array_to_string(array[1,2], '1'::json)

select array_to_string(array[1,2], array[1.5])

select array_to_string(array[1,2], '2020-01-02'::timestamp)

select array_to_string(array[1,2], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array[1::bigint] = any('5')

select array_to_string(array[1::bigint], '1'::json)

select array_to_string(array[1::bigint], array[1.5])

select array_to_string(array[1::bigint], '2020-01-02'::timestamp)

select array_to_string(array[1::bigint], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array[1.5] = any('5')

select array_to_string(array[1.5], '1'::json)

select array_to_string(array[1.5], array[1.5])

select array_to_string(array[1.5], '2020-01-02'::timestamp)

select array_to_string(array[1.5], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array['a','b'] = any('5')

select array_to_string(array['a','b'], '1'::json)

select array_to_string(array['a','b'], array[1.5])

select array_to_string(array['a','b'], '2020-01-02'::timestamp)

select array_to_string(array['a','b'], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array['a'::varchar] = any('5')

select array_to_string(array['a'::varchar], '1'::json)

select array_to_string(array['a'::varchar], array[1.5])

select array_to_string(array['a'::varchar], '2020-01-02'::timestamp)

select array_to_string(array['a'::varchar], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array['2020-01-01'::date] = any('5')

select array_to_string(array['2020-01-01'::date], '1'::json)

select array_to_string(array['2020-01-01'::date], array[1.5])

select array_to_string(array['2020-01-01'::date], '2020-01-02'::timestamp)

select array_to_string(array['2020-01-01'::date], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array['2020-01-01'::timestamp] = any('5')

select array_to_string(array['2020-01-01'::timestamp], '1'::json)

select array_to_string(array['2020-01-01'::timestamp], array[1.5])

select array_to_string(array['2020-01-01'::timestamp], '2020-01-02'::timestamp)

select array_to_string(array['2020-01-01'::timestamp], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select array[true] = any('5')

select array_to_string(array[true], '1'::json)

select array_to_string(array[true], array[1.5])

select array_to_string(array[true], '2020-01-02'::timestamp)

select array_to_string(array[true], 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)

select concat_ws(2, 'a', 'b')

select concat_ws(null, 'a')

select format(2, 'a')

select format('%s', 2)

select quote_literal(2)

select string_to_array(2, ',')

select array_to_string(array[1], 'x'::varchar)

select array_to_string(array[1], 'x'::name)

select array_to_string(array[1], 'x', null)

select '5' @> 2

select null @> 'b'::text

select 2 <@ '5'

select array_append('5', array[1,2])

select array_prepend(array[1,2], null)

select array_position(null, array[1,2])

select array[1,2] = any(null)

-- refused: operator = of arrays of json is not supported.
select null = array['1'::json]

-- refused: operator && of arrays of json is not supported.
select array['1'::json] && null

