select '5' + 3, '2026-01-01' < timestamp '2026-05-01', 1 = '1', 'true'::bool, 't'::boolean, 1::bool, true::int, true::text, 1.5::text, 1e20::float8::text, 0.1::real::text

select id from gens where created_at > '2026-03-01' and rating >= '2' order by id

select id from users where id = '3'

select id from gens where rating = 'abc'

select u, u::text, f4, f4::float8 from events where id<4 order by id

select 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}'::uuid, 'a0eebc999c0b4ef8bb6d6bb9bd380a11'::uuid::text

select 'zzz'::uuid

select x::uuid from (values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('{a0eebc999c0b4ef8bb6d6bb9bd380a11}')) t(x)

select x::uuid from (values ('nope')) t(x)

select x::bytea, x::jsonb from (values ('"a"'), ('12')) t(x)

select x::jsonb from (values ('{bad')) t(x)

select x::int[] from (values ('{1,2}'), ('{}'), (null)) t(x)

select x::text[] from (values ('{a,"b c",NULL}')) t(x)

select 1::text::int, '1'::text::float8, true::text::bool, '2026-01-01'::text::date, '10:00'::text::time, '1 day'::text::interval, '2026-01-01 10:00'::text::timestamptz

select 1::date

select true::float8

select date '2026-01-01'::bool

select '{}'::jsonb::date

select array[1]::int

select 'abc'::varchar(2), 'abc'::char(2), 'a'::char(3) || 'b', 123::varchar(2), 'abc'::varchar::text, 'x'::name

select true and 'yes', not 'f', 'on' or false

select true and 'maybe'

select 1 and true

select not 1

select case when 1 then 2 end

select id from users where age

select case when true then 1 else 'x' end

select case when true then 1 else '2' end, coalesce(1, 2.5), coalesce(null, 'x'), greatest(1, '5')

select coalesce(1, 'x')

select coalesce(1, true)

select coalesce(1, now())

select 1 union select 'a'

select 1 union select '2' order by 1

select 1 union select 2.5 order by 1

select 1.50 union all select 2 order by 1

select null union select 1 order by 1

select * from (values (1, 'a'), (2.5, null)) t(x, y)

select * from (values (1), ('x')) t(x)

select array[1, null, 2.5], array['a', null], array[null]

select 1 in (1, 2.5, null), 'a' in ('b', 'c'), 3 not in (1, 2), 1 in ('1', '2')

select 1 in ('a')

select 1 = 'a'

select 'a' = 1

select 1 = true

select date '2026-01-01' = 5

select array[1] = 5

select 1 < 'x'::text

select upper(5)

select length(5.5)

select abs('x')

select abs('-5'), sqrt('4'), round('2.5'), upper('a'), length('abc')

-- refused: function nosuch() is not supported
select nosuch(1)

-- refused: operator @@@ is not supported
select 1 @@@ 2

select round(1, 2, 3)

select substring('a')

select now() + 5

select interval '1 day' + 5

select 5 + interval '1 day'

select 'a' - 'b'

select -'a'

select -'5'

select @ '-5'

select '5'::int4 + '6'::int8, '5'::smallint * '6'::smallint, 5::int8 % 3::int2

select 'NaN'::float8::text, 'Infinity'::float8 > 1e300::float8, '-Infinity'::float8 < 0

-- refused: numeric "NaN" is not supported
select 'NaN'::numeric

select 1e-10::numeric, 123456789012345678.12345::numeric, 99999999999999999999::numeric

-- refused: a numeric of 41 digits is not supported, the longest has 38
select 1e40::numeric

-- refused: Unimplemented type for cast (BIGNUM -> DECIMAL(38,20))
select 1e100

select 10::numeric ^ 2, 2 ^ 0.5, 10 ^ 2

select (1.005)::numeric(10,2), (-1.005)::numeric(10,2), 0.5::numeric(1,0), 1.5::numeric(2,0)

select 100::numeric(2,0)

select 0.1::numeric(20,18) * 3, 1.1::numeric(38,10) + 1

-- refused: type money is not supported
select 5::money

-- refused: type point is not supported
select '(1,2)'::point

-- refused: type inet is not supported
select '192.168.0.1'::inet

-- refused: bit strings are not supported
select B'101'

select '2026-01-01'::date::text || 'x', 5 || 'x', 'x' || 5.50, null || 'x'

select pg_typeof(1 + 1.5), pg_typeof(1 / 2), pg_typeof(sum(id)), pg_typeof(avg(id)), pg_typeof(count(*)), pg_typeof(max(name)) from users

select pg_typeof('a' || 'b'), pg_typeof(array['a']), pg_typeof(row_number() over ()), pg_typeof(date '2026-01-01' + 1), pg_typeof(date '2026-01-01' - date '2026-01-01'), pg_typeof(now() - now()), pg_typeof('{}'::jsonb -> 'a')
