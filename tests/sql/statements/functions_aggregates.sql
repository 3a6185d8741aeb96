select avg(rating), sum(rating), avg(price), sum(price), avg(quality) filter (where quality <> 'NaN' and quality < 10), sum(frames), sum(id), avg(frames), avg(id) from gens

select stddev(rating), variance(rating), stddev_pop(rating), corr(rating, frames), regr_slope(rating, frames), covar_pop(rating, frames), covar_samp(rating, frames), regr_count(rating, frames), regr_r2(rating, frames), regr_intercept(rating, frames), regr_avgx(rating, frames), regr_sxx(rating, frames), regr_sxy(rating, frames) from gens

select stddev(frames), variance(frames), var_pop(price), stddev_pop(id), stddev_samp(price), variance(small), stddev(f4) from gens left join events using (id)

select corr(x, y), regr_slope(x, y), stddev(x), variance(x), stddev_pop(x) from (values (1::float8, 2::float8)) t(x, y)

select model, count(*), count(distinct user_id), count(*) filter (where rating>2), bool_and(rating>=-1), every(rating>0), bool_or(rating > 4) from gens group by model order by model

select percentile_cont(0.99) within group (order by rating), percentile_disc(0.5) within group (order by rating), mode() within group (order by model) from gens

select percentile_cont(array[0.25,0.5]) within group (order by frames) from gens

select percentile_cont(1.5) within group (order by frames) from gens

select percentile_disc(0.25) within group (order by frames desc), percentile_disc(0.5) within group (order by price), percentile_cont(0.1) within group (order by frames desc) from gens

select array_agg(id order by id desc), array_agg(distinct model) from gens where id<6

select array_agg(distinct frames), string_agg(distinct model, ',') from gens

select string_agg(name, ',' order by name desc), string_agg(name, '; ') filter (where id < 3) from users

select jsonb_agg(name order by id), jsonb_object_agg(id,name) from users where id<4

select json_agg(id order by id desc), jsonb_agg(price order by id), jsonb_agg(tags order by id) from gens where id < 5

select sum(x), avg(x), min(x), max(x) from (values (interval '1 day'), (interval '2 hours'), (null)) t(x)

select min(name), max(name), min(joined), max(age), min(tags), max(tags) from users

select bit_and(age), bit_or(age), bit_xor(age) from users

select sum(rating), count(*), avg(price), array_agg(id), string_agg(model, ','), max(id), bool_and(true), jsonb_agg(id), stddev(frames) from gens where false

select sum(distinct frames), avg(distinct frames), count(distinct frames), sum(distinct rating) from gens

select sum(x) from (values (1e308::float8), (1e308::float8)) t(x)

select sum(x), avg(x) from (values ('Infinity'::float8), (1)) t(x)

select sum(x) from (values (9223372036854775807), (1)) t(x)

select sum(x) from (values (2147483647), (1)) t(x)

select id, row_number() over w, rank() over (order by rating), lag(rating) over w, sum(frames) over (partition by model order by id rows between 2 preceding and current row), first_value(id) over w, ntile(4) over w, cume_dist() over w from gens window w as (partition by model order by id) order by id

select id, lag(id, 2) over (order by id), lead(id) over (order by id), lag(id, 1, 0::bigint) over (order by id), last_value(id) over (order by id), nth_value(id, 2) over (order by id), percent_rank() over (order by rating), dense_rank() over (order by model) from gens order by id

select id, lag(price, 1, 0) over (order by id), avg(price) over (order by id rows 2 preceding), avg(frames) over (partition by model), sum(price) over (order by id), count(*) over (), array_agg(id) over (order by id rows 1 preceding) from gens order by id

select ntile(0) over () from users

select id, sum(rating) over (order by rating range between 1 preceding and 1 following) from gens order by id

select model, avg(price)::numeric(10,4), round(avg(frames), 2), round(avg(rating)::numeric, 3) from gens group by model order by model

select sum(price) / count(*), avg(price) * 2, avg(price) + 1, sum(price) * 1.5, max(price) - min(price) from gens

select max(x), min(x) from (values ('a'::text), ('B'), (null)) t(x)

select sum(name) from users

select max(active) from users

select avg(f4), sum(f4), sum(small), avg(small), max(f4), max(small) from events

select count(*) filter (where price > 5), sum(price) filter (where id < 10), avg(price) filter (where id < 10) from gens

select every(active), bool_or(active), count(active) from users

-- refused: corr(DISTINCT …) is not supported
select corr(distinct rating, frames) from gens

select array_agg(name) filter (where name > 'a') from users where id < 4

select count(distinct (price)), max(created_at), min(ts) from gens left join events using (id)

select array_agg(x) from (values (interval '1 day'), (null)) t(x)

select array_agg(u order by id) from events where id < 4

select array_agg(payload order by id) from events where id < 4

select array_agg('5')

select to_char(2.5::float8, '999'), to_char(3.5::float8, '999'), to_char(0.125::float8, '0.00')

select quote_literal(5), quote_literal(true), quote_nullable(null::int), quote_literal(date '2026-01-01')

select (516633477.109773 * 8787006.71)::text, 99999999999.00::numeric(15,2) * 99999999999.00::numeric(15,2)

select '1 hour 02:03:04'::interval

select '1 day 2 days'::interval

select cardinality(null), 1

select lag('5') over ()
