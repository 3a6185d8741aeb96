select created_at + interval '1 month', created_at - interval '1 day 2 hours', created_at::date + 3, created_at::date - date '2026-01-01', created_at - timestamp '2026-01-01' from gens where id<5 order by id

select date '2026-01-31' + interval '1 month', age(timestamp '2026-11-20', timestamp '2025-02-27'), extract(epoch from interval '1 day 1 hour'), extract(dow from date '2026-11-22'), extract(isodow from date '2026-11-22'), extract(week from date '2026-01-01'), date_part('quarter', date '2026-05-01')

select date_trunc('month', created_at), date_trunc('week', created_at), extract(second from created_at), extract(microseconds from created_at), extract(epoch from created_at) from gens where id<4 order by id

select date_trunc('century', timestamp '2026-03-05'), date_trunc('millennium', timestamp '2026-03-05'), date_trunc('decade', timestamp '2026-03-05'), date_trunc('quarter', timestamp '2026-05-05'), date_trunc('milliseconds', timestamp '2026-03-05 10:00:00.123456'), date_trunc('month', date '2026-03-05'), date_trunc('hour', interval '2 days 03:04:05'), date_trunc('day', timestamptz '2026-01-01 10:00+02')

select date_trunc('nope', timestamp '2026-03-05')

select extract(nope from date '2026-01-01')

select extract(hour from date '2026-01-01')

select extract(year from time '10:00')

select extract(year from ts), extract(month from ts), extract(day from ts), extract(hour from ts), extract(minute from ts), extract(second from ts), extract(dow from ts), extract(doy from ts), extract(week from ts), extract(quarter from ts), extract(epoch from ts), extract(isoyear from ts), extract(century from ts), extract(decade from ts), extract(millennium from ts), extract(milliseconds from ts), extract(timezone from ts) from events order by id

select extract(year from interval '14 months'), extract(month from interval '14 months'), extract(day from interval '40 days'), extract(hour from interval '30 hours'), extract(second from interval '1.5 seconds'), extract(epoch from interval '1 month'), extract(milliseconds from interval '1.5 s'), extract(quarter from interval '5 months'), date_part('epoch', interval '-1 day')

select extract(hour from time '10:20:30.5'), extract(second from time '10:20:30.5'), extract(epoch from time '10:20:30.5'), extract(epoch from date '2026-01-01'), extract(julian from date '2026-01-01'), extract(year from date '2026-01-01')

select to_date('2026-03-04','YYYY-MM-DD'), to_timestamp(0), to_timestamp('2026 Mar 04','YYYY Mon DD'), make_date(2026,2,3), make_interval(1, 2, 0, 3), make_timestamp(2026,1,2,3,4,5.5), to_timestamp(1.5), to_date('04 March 2026', 'DD Month YYYY'), to_timestamp('2026-01-02 03:04:05 PM', 'YYYY-MM-DD HH12:MI:SS PM'), to_date('20260304', 'YYYYMMDD'), make_time(10, 20, 30.5)

select make_date(2026, 2, 30)

select to_date('2026-13-01', 'YYYY-MM-DD')

select to_date('abc', 'YYYY-MM-DD')

select ts at time zone 'America/New_York', ts::date, date_trunc('day', ts), timestamp '2026-01-01 00:00' at time zone 'Europe/Paris' from events where id<4 order by id

select now() at time zone 'Nowhere/X'

select interval '90 minutes', interval '1 year 2 mons' * 2, interval '1 day' / 2, justify_hours(interval '30 hours'), interval '1' day, interval '1-2' year to month

select interval '90 minutes', interval '1 year 2 mons' * 2, interval '1 day' / 2, justify_hours(interval '30 hours'), interval '1 month' * 1.5, 2 * interval '3 hours', interval '1 month' / 3, interval '1 day' * 0.1, -interval '1 day', interval '1 day' + interval '2 hours', interval '1 day' - interval '2 hours'

select (interval '1 year 2 months 3 days 04:05:06.789')::text, interval '-1 month 2 days'::text, interval '0'::text, interval '1.5 months'::text, interval '1 week'::text, interval '-04:05'::text, interval 'P1Y2M3DT4H5M6S'::text, interval '1 day ago'::text, (interval '1 year' * 1.3)::text, interval '1.5 years'::text, interval '@ 1 minute'::text, interval '1 decade'::text, interval '100 hours'::text, interval '1000000 microseconds'::text, interval '1 mon -2 days +03:00'::text

select interval '1 month' = interval '30 days', interval '1 day' > interval '23 hours', interval '24 hours' = interval '1 day'

select 'nonsense'::interval

select '1 fortnight'::interval

select interval '1 day' / 0

select (date '2026-01-01', date '2026-02-01') overlaps (date '2026-01-15', date '2026-03-01'), date_bin('15 minutes', timestamp '2026-01-01 10:07', timestamp '2026-01-01'), (date '2026-01-01', interval '10 days') overlaps (date '2026-01-11', interval '1 day'), (date '2026-01-01', date '2026-01-01') overlaps (date '2026-01-01', date '2026-01-05')

select date_bin('1 month', timestamp '2026-01-01', timestamp '2026-01-01')

select current_date = now()::date, localtimestamp is not null, clock_timestamp() is not null, statement_timestamp() is not null, extract(year from current_timestamp) >= 2020, now() = transaction_timestamp()

select 'infinity'::timestamp > now(), isfinite(date '2026-01-01'), 'today'::date = current_date, isfinite('infinity'::timestamp), '-infinity'::date < current_date, 'tomorrow'::date - 'yesterday'::date, 'epoch'::timestamp, 'now'::timestamptz <= clock_timestamp()

select '2026-01-02'::date, 'January 8, 2026'::date, '1/8/2026'::date, '20260108'::date, '08-Jan-2026'::date, '2026-Jan-08'::date, 'Jan-08-2026'::date, '260108'::date, '2026.008'::date, 'J2451187'::date, '2026-1-8'::date

select '2026-01-02 03:04:05.678'::timestamp, '2026-01-02T03:04'::timestamp, '2026-01-02 03:04 PM'::timestamp, 'Jan 2 2026 03:04:05'::timestamp, '2026-01-02'::timestamp, '2026-01-02 03:04:05+02'::timestamp, '20260102 030405'::timestamp

select '2026-01-02 03:04:05+02'::timestamptz, '2026-01-02 03:04:05Z'::timestamptz, '2026-01-02 03:04:05 America/New_York'::timestamptz, '2026-01-02 03:04:05 UTC'::timestamptz, '2026-01-02'::timestamptz, '2026-01-02 03:04:05-05:30'::timestamptz, '2026-01-02 03:04:05 PST'::timestamptz

select '04:05:06.789'::time, '04:05'::time, '040506'::time, '04:05 PM'::time, 'allballs'::time

select '2026-02-30'::date

select '2026-13-01'::date

select 'abc'::date

select ''::date

select '25:00'::time

select '2026-01-01 25:00'::timestamp

select 'not a time'::timestamptz

select date '2026-01-01' + 5, 5 + date '2026-01-01', date '2026-01-01' - 5, date '2026-03-01' - date '2026-02-01', date '2026-01-01' + time '10:00', time '10:00' + interval '15 hours', time '10:00' - time '08:30', time '10:00' - interval '11 hours', date '2026-01-01' - interval '1 hour'

select date '2026-01-01' + '1 day'

select timestamp '2026-01-01' + '1 day', timestamp '2026-01-01' - '2025-12-31', date '2026-01-05' - '2026-01-01'

select timestamp '2026-01-01' - '1 day'

select timestamp '2026-01-01' + 1

select date '2026-01-01' < timestamp '2026-01-01 00:00:01', date '2026-01-01' = timestamptz '2026-01-01 00:00+00', timestamp '2026-01-01' < timestamptz '2026-01-01 00:00-01'

select timestamp '2026-01-01'::date, timestamptz '2026-01-01 10:00+00'::time, timestamp '2026-01-01 10:20'::time, date '2026-01-01'::timestamp, date '2026-01-01'::timestamptz, time '10:00'::interval, interval '26 hours'::time, timestamptz '2026-01-01 10:00+02'::timestamp

select date '2026-01-01'::int

select 5::date

select created_at::text, ts::text, joined::text, created_at::date::text, (ts - timestamptz '2026-01-01')::text from gens join events using (id) join users using (id) order by id

select to_char(created_at,'YYYY-MM-DD HH24:MI:SS'), to_char(created_at,'Mon DD, YYYY'), to_char(created_at,'Day HH12:MI AM'), to_char(created_at, 'FMDay, FMDD FMMonth YYYY'), to_char(created_at, 'DDD D ID WW IW IYYY Q CC J'), to_char(created_at, 'yyyy-mm-dd"T"hh24:mi:ss.ms US SSSS'), to_char(created_at, 'FMDDth MONTH Dy dy DY'), to_char(created_at, 'Y,YYY YY RM rm a.m. W') from gens where id<8 order by id

select to_char(ts, 'YYYY-MM-DD HH24:MI:SS TZ OF') from events where id < 4 order by id

select to_char(1234.5,'9,999.99'), to_char(-5, '999'), to_char(5, '099'), to_char(0.5, '9.99'), to_char(0.1, '0.9'), to_char(12345, '999'), to_char(1.5, 'FM9.99'), to_char(1234567.891, 'FM9,999,999.00'), to_char(-12.3, 'S99.9'), to_char(12.3, '99.9S'), to_char(-12, '99MI'), to_char(-12, '99PR'), to_char(12, '99PR'), to_char(0, '9'), to_char(0, '999.9'), to_char(42, 'FM0000'), to_char(1e3::float8, '99999'), to_char(-0.5, '9.9'), to_char(1, 'FM9.99'), to_char(123456, '999,999'), to_char(12, '999,999')

-- refused: to_char of intervals
select to_char(interval '1 day', 'DD')

select generate_series(date '2026-01-01', date '2026-01-03', interval '1 day')

select greatest(date '2026-01-01', '2025-01-01'), least(timestamp '2026-01-01', timestamp '2025-01-01')

select timestamp 'infinity' - timestamp '2026-01-01'

select min(created_at), max(created_at), min(joined), max(ts), count(distinct created_at) from gens join users using (id) join events using (id)

select sum(x), avg(x), min(x), max(x) from (values (interval '1 day'), (interval '2 hours'), (null)) t(x)

select ('{2026-01-01,2026-01-02}'::date[])::text, array[timestamp '2026-01-01 10:00']::text, array[interval '1 day']::text

select x::date, x::timestamp from (values ('2026-01-01'), ('Jan 5 2026')) t(x)

select x::interval from (values ('1 day'), ('2 hours')) t(x)

select '0044-03-15 BC'::date::text, extract(year from '0044-03-15 BC'::date), '0044-03-15 BC'::timestamp::text

select age(date '2026-01-01', date '2025-12-31'), age(timestamp '2025-02-27', timestamp '2026-11-20'), age(timestamp '2026-03-31', timestamp '2026-02-28 12:00')

select justify_days(interval '65 days'), justify_interval(interval '1 mon -1 hour'), justify_hours(interval '-50 hours'), justify_interval(interval '40 days 30 hours')

select interval '1' day, interval '90' day, interval '3' month, interval '-2' year, interval '1-2' year to month, interval '5' year to month, interval '30' hour, interval '90' minute, interval '1.5' second

select (interval '1 year 15 months 3 days 04:05:06.7' year)::text, (interval '1 year 15 months 3 days 04:05:06.7' month)::text, (interval '1 year 3 days 04:05:06.7' day)::text, (interval '1 year 3 days 04:05:06.7' hour)::text, (interval '3 days -04:05:06.7' minute)::text, (interval '3 days 04:05:06.7' second)::text

select (interval '1.5' day)::text, (interval '1.5' month)::text, (interval '1.7' year)::text, (interval '02:03' hour to minute)::text, (interval '02:03:04.5' day to second)::text, (interval '2 days 7' day to hour)::text, (interval '1 week' day)::text, (interval '3 hours' day)::text, (interval 'P1Y2M3DT4H' month)::text

select date '1998-12-01' - interval '90' day, date '1994-01-01' + interval '1' year, timestamp '2026-01-31 10:00' + interval '1' month

select interval '1 2' day

select interval 'x' month

select interval '' month

-- refused: minutes to seconds read '2:03' otherwise
select interval '2:03' minute to second

-- refused: only literals are restricted
select (id || ' days')::interval day from users where id < 3 order by id
