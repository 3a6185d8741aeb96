select interval '1 day' * 2.5, interval '1 month' / 2, -interval '1 day 2 hours', interval '1 day' = interval '24 hours', interval '1 mon' > interval '29 days'

select extract(hour from time '10:20'), extract(epoch from interval '1 day 1 sec'), date_part('minute', '10:20'::time), extract(day from interval '40 days')

select sum(x), avg(x), min(x), max(x) from (values (interval '1 day'), ('2 hours')) v(x)

select x from (values (interval '1 day'), ('25 hours'), ('1 mon'), (null)) v(x) order by x desc

select count(distinct x), count(*) from (values (interval '1 day'), ('24 hours')) v(x)

select x, count(*) from (values (interval '1 day'), ('24 hours')) v(x) group by x

select justify_interval('40 days 30 hours'), justify_days('40 days'), justify_hours('30 hours'), age('2024-03-01'::date, '2024-01-31'::date)

select '1 year 2 mons 3 days 04:05:06.789'::interval::text, 'P1Y2M3DT4H5M6S'::interval, '1-2'::interval, '3 4:05:06'::interval, '@ 1 day ago'::interval

select make_interval(1,2,3,4,5,6,7.5), make_time(10, 20, 30.5), date_trunc('hour', interval '3 days 04:05'), date_trunc('minute', '10:20:30'::time)

select joined - date '2024-01-01', created_at - timestamp '2024-01-01', (created_at - timestamp '2024-01-01')::text from users join gens on users.id = gens.id order by users.id limit 3

select generate_series('2024-01-01'::timestamp, '2024-01-02', '8 hours')

select array_agg(x order by x) from (values (time '10:00'), ('09:00')) v(x)

select min(t), max(t) from (values (time '10:00'), ('09:00')) v(t)

select time '10:00' between '09:00' and '11:00', '10:00'::time in ('10:00', '11:00'), greatest(time '10:00', '11:00'), coalesce(null, time '10:00')

select lag(x) over (order by x) from (values (interval '1 day'), ('2 days')) v(x)

select '25:00'::time

select '10:60'::time

select 'x'::interval

select interval '1 day' + 1

select time '10:00' + time '10:00'

select overlaps from (select (time '10:00', time '11:00') overlaps (time '10:30', time '12:00')) x

select extract(timezone from time '10:00')


select '24:00'::time::text, '24:00'::time > '23:59', '24:00'::time + interval '1 hour'

select '3 4:05:06'::interval, '-3 4:05:06'::interval, '1-2 3 4:05:06'::interval, '1 2:3'::interval, '1-2 4:05'::interval

select '3'::interval, '3 4'::interval

select '3 4:05:06 5'::interval

select '5 mons 3 4:05:06'::interval
