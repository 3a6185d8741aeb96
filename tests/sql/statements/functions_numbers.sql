select id, id/2, -id/2, id%3, (-7)/2, 7%(-3), -7%3 from users order by id

select 7/2, 7/2.0, 7.0/2, 1/3::numeric, 2^10, 5!=4, @(-5), |/16, 17::bigint/5, 2^0.5, ||/27, 5 % 3.5, -5.5 % 2

select round(2.5), round(-2.5), round(2.567,2), round(2.5::float8), round(3.5::float8), trunc(-2.7), ceil(2.1), floor(-2.1), sign(-3.2), round(1234.5, -2), round(5), sign(5), ceil(2), round(2.5, 5), trunc(1.999, 2), trunc(1234.5, -2)

select (2.5)::int, (3.5)::int, 2.5::float8::int, (-2.5)::numeric::int, '12'::int + 1

select gcd(12,18), lcm(4,6), mod(-7,3), power(2,0.5), sqrt(2), ln(10), log(100), log(2,8), exp(1), cbrt(27), pi(), degrees(pi()), width_bucket(5.3,0,10,5), width_bucket(5::float8, 0, 10, 4), gcd(-12, 18), lcm(0, 5)

select sqrt(2.0), ln(10.0), exp(1.0), log(100.0), power(2.0, 3), power(2.5, -1), sqrt(16.00)

select sqrt(-1)

select sqrt(-1.0)

select ln(0)

select ln(-1.0)

select power(0, -1)

select power(-8, 0.5)

select exp(1000)

select 1/0

select 1.0/0

select 1 % 0

select 1::float8 / 0

select 'NaN'::float8 / 0

select div(7, 2), div(-7.5, 2), mod(7.5, 2)

select sin(1), cos(1), tan(1), asin(0.5), acos(0.5), atan(1), atan2(1, 2), cot(1), sinh(1), cosh(1), tanh(1), asinh(1), acosh(2), atanh(0.5), radians(180), sind(30), cosd(60), tand(45)

select asin(2)

select 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 3, 1 << 40, 256 >> 3, (1::smallint) << 15, -8 >> 1, 1::bigint << 62, 5::smallint & 3

select 32767::smallint + 1::smallint

select 2147483647 + 1

select 9223372036854775807 + 1

select -(-2147483648)

select abs((-32768)::smallint)

select 1000000 * 1000000

select 300::smallint::text, 99999::smallint

select 1e300::float8 * 1e300::float8

select 1e-300::float8 * 1e-300::float8

select 'Infinity'::float8 + 1, 'Infinity'::float8 - 'Infinity'::float8, 'NaN'::float8 + 1, 0::float8 * 5, '-0'::float8

select 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8, 'NaN'::float8 < 1

select max(quality), min(quality), sum(rating), count(quality) from gens

select id, quality from gens order by quality desc, id limit 15

select id, quality from gens order by quality, id

select 1.5 + 2.25, 1.50 * 2.0, 1.10 - 0.1, -1.5, +2.5, 10.0 / 4, 1 / 3.0, 2.0 / 3, 1e3, 12345.678::numeric(10,1), 0.1 + 0.2

select 1.50::text, (1.5 + 2.25)::text, (1.50 * 2.0)::text, 5::numeric::text, 12.5::numeric(10,3)::text, (-0.5)::text, 0.00::text

select price*1.1, price/3, price*price, price + 1, price - 0.5, price % 3 from gens where id<6 order by id

select cast('12.345' as numeric(5,1)), 123.456::numeric(5,2), 1234567::text, (1.0/3)::numeric(10,4), 5::numeric, 0.1::real, 0.1::float8, 1e10::float8, 1.5::real

select 123456.789::numeric(5,2)

select 1.5::float8::numeric, 0.1::real::numeric, 1e10::float8::numeric, 123.456::float8::numeric(10,2)

select 1e40::float8::real

select 3000000000::float8::int

select 'NaN'::float8::int

select 40000::int::smallint

select 3000000000::int

select 1e20::float8::text, 1e15::float8::text, 123456789012345::float8::text, 0.0001::float8::text, 0.00001::float8::text, 1.5e300::float8::text, 'Infinity'::float8::text, 'NaN'::float8::text, '-0'::float8::text, 1e6::real::text, 123456::real::text, 0.1::real::text, 3.4e38::real::text

select pg_typeof(1), pg_typeof(1.5), pg_typeof('a'::text), pg_typeof(now()), pg_typeof(null), pg_typeof('x'), pg_typeof(array[1]), pg_typeof(1::bigint), pg_typeof('a'::char(3)), pg_typeof('a'::varchar(3)), pg_typeof(1::numeric(5,2))

select num_nulls(1, null, 'a'), num_nonnulls(1, null)

select f4, f4::float8, f4 + 1, f4 * 2::real, f4::text, f4::int, f4::numeric from events where id<7 order by id

select small + 1, small * small, small / 2::smallint, small % 3, -small, small::text from events order by id

select 1 + 1.5, 1 + 1.5::float8, 1.5 + 1.5::float8, 1::smallint + 1::bigint, 1::bigint + 1.5::real

select true + 1

select 'a' + 1

select '1' + '2'

select '1' + 1.5

select 0.1::float8 + 0.2::float8, 1::float8/3

select factorial(5), factorial(0)

select factorial(-1)

select 1 = 1.0, 1 < 1.5, 1.50 = 1.5, 1::float8 = 1, 0.1::real = 0.1::float8, 2 > all(array[1,2]), 1 <> 2

select rating + frames, rating * price, frames / 2, frames * 2.5 from gens where id < 8 order by id

select 5 / 2 * 2.0, (5 + 3) % 4 - 1, 2 ^ 3 ^ 2, -2 ^ 2, 10 - 3 - 2

select 1::bool, 0::bool, true::int, false::int::text

select 1::bigint::bool

select 1.5::bool

select '  12  '::int, '+5'::int, '-0'::int, '1e3'::float8, '.5'::numeric, '5.'::numeric, ' NaN '::float8, 'inf'::float8

select '1e3'::int

select ''::int

select '12a'::float8

select 'abc'::numeric

select '99999999999'::int

select '1e400'::float8

select x::int from (values ('1'), (' 2 '), ('-3')) t(x)

select x::int from (values ('1'), ('1.5')) t(x)

select x::float8 from (values ('1'), (' 2.5e3 '), ('nan')) t(x)

select x::numeric from (values ('1'), ('2.50'), ('1e2')) t(x)

select x::numeric(10,2) from (values ('1'), ('2.505'), ('1e2')) t(x)

select x::bool from (values ('t'), ('no'), ('ON'), ('0')) t(x)

select x::bool from (values ('maybe')) t(x)

select scale(1.50), scale(2::numeric), coalesce(price, 0)::numeric(10,2) from gens where id < 9 order by id

select sum(price), avg(price), sum(id), avg(id), sum(frames), avg(frames), sum(rating), avg(rating), avg(small::int), sum(small) from gens, events where gens.id = events.id

select width_bucket(5, 0, 10, 0)

select power(2, 3), 2 ^ 3, power(2::bigint, 3), 2.0 ^ 3, pow(2, -1)
