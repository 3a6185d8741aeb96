select max((select count(*) from gens g where g.user_id = u.id)) from users u

select count(*) filter (where exists (select 1 from gens g where g.user_id = u.id)) from users u

select sum(age) filter (where id in (select user_id from gens where rating > 2)) from users

select u.id, v.* from users u, lateral (values (u.id, 'a'), (u.age, 'b')) v(n, k) where u.id < 3 order by 1, 3

select u.id, x.a, x.b from users u left join lateral (select g.id a, u.age + g.frames b from gens g where g.user_id = u.id order by g.id limit 1) x on x.a > 5 order by u.id

select u.id from users u where u.id in (select g.user_id from gens g where g.frames > u.age) order by u.id

select u.id from users u where u.age > (select avg(w.age) from users w where w.active = u.active) order by 1

select u.id from users u where (select count(*) from (select distinct model from gens g where g.user_id = u.id) d) > 1 order by 1

select u.id, (select string_agg(m, '|' order by m) from (select distinct coalesce(model, '-') m from gens where user_id = u.id) d) from users u order by 1

select u.id, (with g as (select * from gens where user_id = u.id) select count(*) from g where rating > (select avg(rating) from g)) from users u order by 1

select u.id, (select x.id from (select id, rank() over (order by rating desc nulls last, id) r from gens where user_id = u.id) x where x.r = 2) from users u order by 1

select id from users u where exists (select user_id from gens g where g.user_id = u.id group by user_id having count(*) > 2) order by 1

select id from users u where (select sum(c) from (select count(*) c from gens where user_id = u.id union all select 1) t) > 3 order by 1

select u.id, coalesce((select max(rating) from gens where user_id = u.id), (select min(rating) from gens), 0) from users u order by 1

select case when u.id % 2 = 0 then (select name from users where id = u.id) else (select model from gens where id = u.id) end from users u order by u.id

select u.id from users u order by exists (select 1 from gens where user_id = u.id and rating > 3) desc, u.id

select exists (select 1 from gens where user_id = u.id and rating > 3) e, count(*) from users u group by e order by e

select (select count(*) from gens where user_id = u.id) c, array_agg(u.id order by u.id) from users u group by c having (select count(*) from nothing) = 0 order by c

select u.active, (select count(*) from users v where v.active is not distinct from u.active) from users u group by u.active order by 1

-- refused: an aggregate of an outer query's columns is not supported
select u.active, max(u.id), (select name from users where id = max(u.id)) from users u group by u.active order by 1

select model, count(*), count(*) * 100.0 / sum(count(*)) over () from gens group by model order by model

select model, avg(count(*)) over () from gens group by model order by model

select model, row_number() over (order by count(*) desc, model), first_value(model) over (order by max(rating) desc nulls last) from gens group by model order by 2

select id, sum(frames) over (partition by user_id % 3 order by id) - coalesce(frames, 0) from gens order by id

select id, rating, avg(rating) over (order by id rows between 2 preceding and 2 following exclude current row) from gens order by id

select id, array_agg(id) over (order by id rows between 1 preceding and 1 following exclude current row) from users order by id

select id, count(*) over (partition by active order by joined range between interval '60 days' preceding and current row) from users order by id

select id, sum(rating) over (order by rating desc range between 0.5 preceding and 0.5 following) from gens order by id

select id, first_value(rating) over w, last_value(rating) over w from gens window w as (order by frames nulls first, id groups between 1 preceding and current row) order by id

select id, lag(rating, 2, 0) over (order by id), lead(name, 2) over (order by id) from (select users.id, users.name, gens.rating from users join gens using (id)) t order by id

select percent_rank() over (order by rating), cume_dist() over (order by rating desc nulls first) from gens order by 1, 2

select distinct rank() over (order by model) from gens order by 1

select distinct on (model) model, count(*) over (partition by model) from gens order by model

select sum(x) over () from generate_series(1, 3) x

select x, lag(x) over (order by x) from unnest(array[3, 1, 2]) x order by x

select model, percentile_cont(0.5) within group (order by rating), percentile_disc(0.5) within group (order by id) from gens group by rollup (model) order by model nulls last, 3

select model, user_id % 2 p, count(*), grouping(model, user_id % 2) from gens group by rollup (model, user_id % 2) having grouping(model) = 0 order by 1, 2, 4

select grouping(model) + grouping(user_id % 2), sum(frames) from gens group by cube (model, user_id % 2) order by 1, 2

select case when grouping(model) = 1 then 'all' else coalesce(model, 'none') end m, count(*) from gens group by rollup (model) order by 1

select a, b, count(*) from (values (1, 'x'), (1, 'y'), (2, 'x')) t(a, b) group by grouping sets (a, b, ()) order by 1, 2

select count(*) from gens group by grouping sets ((), ()) order by 1

select 1 from gens group by model, grouping sets ((model), ())

select a from (values (1), (2), (2)) t(a) group by rollup (a) order by a nulls first

select model, count(*) from gens group by model order by model = 'flux' desc, model

select model as m, count(*) from gens group by model order by upper(model), m

select count(*), model from gens group by 2 order by 1, 2

select model, count(*) as count from gens group by model having count(*) > 1 order by count, model

select sum(frames) as id from gens group by user_id order by id nulls first limit 3

select id % 2 as id, count(*) from users group by 1 order by 1

select u.id as name, u.name as id from users u where id = 1

select id as x from users where id < 3 union select id as y from gens where id < 2 order by x

select a.id from users a join users b on a.id = b.id join users c on b.id = c.id and c.id = a.id where a.id = 3

select * from (select 1 as a, 2 as b) x join (select 1 as a, 3 as c) y using (a) join (select 3 as c, 4 as d) z using (c)

select x.a, y.a, a from (select 1 as a) x full join (select 2 as a) y using (a) order by 3

select * from (values (1), (2)) x(a) left join (values (2), (3)) y(a) using (a) left join (values (3), (2)) z(a) using (a) order by a

select * from (values (1), (2)) x(a) full join (values (2), (3)) y(a) using (a) full join (values (3), (4)) z(a) using (a) order by a

select count(*) from users u left join gens g on false

select count(*) from users u left join gens g on g.user_id = u.id and u.id = 1

select count(*) from users u full join gens g on g.user_id = u.id where u.id is null

select u.id, m.thumb is null from users u left join media m on m.id = u.id and m.thumb is not null order by u.id

select * from users u join gens g on u.id = g.user_id and u.id = 1 cross join labeled l order by g.id, l.k limit 2

select t.* from labeled t join labeled using ("Id") where t.k = 1

select "Id", "Full Name" from labeled natural join (select 10 as "Id") x

select l."Full Name" || coalesce(l."Full Name", '?') from labeled l order by k

with recursive t(a, b) as (values (1, 'x') union all select a + 1, b || 'y' from t where a < 3), u as (select max(a) m from t) select t.*, u.m from t, u order by a

with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select n, sum(n) over (order by n) from t order by n

with recursive t(n) as (select 10 union select n - 3 from t where n > 0) select array_agg(n order by n) from t

with recursive t(id, depth) as (select id, 0 from users where id in (1, 2) union all select u.id, depth + 1 from users u join t on u.id = t.id + 2 where depth < 3) select depth, count(*), min(id), max(id) from t group by depth order by depth

with recursive g as (select id, user_id, 1 as n from gens where id < 5 union all select gens.id, gens.user_id, g.n + 1 from gens, g where gens.id = g.id + 10 and n < 3) select n, count(*) from g group by n order by n

with recursive t(n) as (select 1 union all select n + 1 from t where n < 3 order by 1) select * from t

with recursive t(n) as (select 1 union all select n + 1 from (select * from t) x where n < 4) select count(*) from t

with recursive t(n) as (select 1 union all select t.n + 1 from t left join users u on u.id = t.n where t.n < 4) select max(n) from t

with recursive t(n) as (select 1 union all select u.id from users u left join t on t.n = u.id) select 1 from t

with recursive t(n) as (select 1 union all select n + 1 from t where n < (select max(n) from t)) select 1 from t

with recursive t(n) as (select 1 intersect select n from t) select 1 from t

with recursive t(n) as (select 1 union all select distinct n % 3 + 1 from t where n < 3) select n from t order by n

select x from (select id as x from users order by id limit 5) t order by x desc limit 2

select * from ((select 1 as a union select 2) intersect (select 2 union select 3)) t

select a, count(*) from (select id % 2 a from users union all select id % 3 from users) t group by a order by a

select (select 1 union select 1), (select max(x) from (select 1 x union all select 5) t)

select id from users where id = (select 1 union all select 2 where false)

select array(select id from users where id < 3 union select 9 order by 1)

select 3 in (select 1 union select 3), 4 = any (select 4 union all select null), 5 <> all (select 1 union select null)

select v from (values (1), (2), (3)) t(v) where v > any (select 2 union select 1) order by v

select null::text union all select 'a' except select 'a'

select 1, null union select null, 'x' order by 1

select 'a' as k, 1 as v union all select 'b', 2.5 union all select null, null order by v

select date '2026-01-01' as d union select null order by d nulls first

select current_date - current_date, now() - now(), current_timestamp = now()

select (date '2026-01-01', 'x') < (date '2026-01-01', 'y'), (1, 2, null) = (1, 3, null), (null, 1) <> (null, 2)

select (1, 2) between (1, 1) and (1, 3), (1, 2) not between (1, 1) and (1, 3)

select (a, b) in ((1, 2), (null, 3)) from (values (1, 2), (2, 3), (5, 4), (null, 3)) t(a, b) order by 1

select count(*) from gens where (model, user_id) = ('sdxl', 6) or (rating, id) > (4, 30)

select id from gens where row(model, rating) is distinct from row('sdxl', rating) order by id limit 5

-- refused: slices of arrays of arrays are not supported
select tags[1:2][1] from gens where id = 4

-- refused: slices of arrays of arrays are not supported
select (array[1, 2, 3])[2:][1:1], (array['a', 'b'])[1] || 'c'

select array_agg(distinct tags[1] order by tags[1]) from gens

select id from gens where array['x'] <@ tags and cardinality(tags) > 1 order by id

select unnest(tags), id from gens where id in (4, 8, 3) order by 2, 1

select count(distinct t) from gens, unnest(tags) t

select u, count(*) from (select unnest(tags) u from gens) t group by u having count(*) > 5 order by u

select g.id, array(select t from unnest(g.tags) t where t <> 'x') from gens g where g.id < 6 order by 1

select g.id from gens g where exists (select 1 from unnest(g.tags) t where t like 's%') order by 1

select g.id from gens g where 'safe' in (select unnest(g.tags)) order by 1

select id, t.* from events, unnest(nums) with ordinality t(n, o) where id < 4 order by 1, 3

select e.id, j.key from events e, jsonb_each(e.payload) j where jsonb_typeof(e.payload) = 'object' order by 1, 2

select e.id from events e where exists (select 1 from jsonb_object_keys(case when jsonb_typeof(e.payload) = 'object' then e.payload end) k where k = 's') order by 1

select e.id, a.v from events e cross join lateral jsonb_array_elements(e.payload) with ordinality a(v, o) where jsonb_typeof(e.payload) = 'array' order by 1, a.o

select jsonb_array_elements(payload) from events

select * from jsonb_each('[1]')

select e.value from jsonb_array_elements('[{"a": 2}, {"a": 1}]') e order by e.value->'a'

select value->>'a' from jsonb_array_elements('[{"a": 2}, {"a": null}, {}]')

select x.* from jsonb_to_recordset('[{"id": 1, "t": [1, 2]}, {"id": null}]') as x(id int, t jsonb)

select id, q.a + 1 from events, jsonb_to_record(payload) as q(a numeric) where jsonb_typeof(payload->'a') = 'number' order by id

select meta->'lvl' as l, count(*) from users group by meta->'lvl' order by l

select distinct meta->'lvl' as l from users order by l

select id from users order by meta->'nested'->'b' desc nulls last, id

select max(meta->>'lvl'), min((meta->'nested'->>'b')::int) from users

select id from users where meta = '{"lvl": 0, "nested": {"a": [0, 1], "b": "0"}}'

select id from users order by id fetch first 3 rows with ties

select rating from gens order by rating desc nulls last offset 2 fetch first 3 rows with ties

select model from gens where model is not null order by model fetch first 1 rows with ties

select id from users order by id limit 3 for update skip locked

select id from users limit 1 + null

select count(*) from users limit 1 offset 1

select id from users where id > all (select id from nothing n join users on true) and id < 3 order by id

select id, nullif(id, 2) is null, id is distinct from null from users where id < 4 order by id

select name ~ '^[A-Z]', name ~* 'B', name !~ 'a' from users order by id

select 'a' < 'B', 'Z' < 'a', 'é' > 'z', '' < 'a', 'a ' = 'a'

select 'NaN'::float8 = 'NaN', 'NaN'::float8 > 'Infinity', 'NaN'::float8 <> 1, 1 < 'NaN'::float8, -0.0::float8 = 0

select max(q), min(q) from (values ('NaN'::float8), (1), (null)) t(q)

select count(distinct quality), count(quality) from gens where quality = quality

select quality, count(*) from gens where quality >= 0.75 group by quality order by 1

select id from gens where quality in ('NaN', 0.25) order by id limit 8

select 7 / 2, -7 / 2, 7 % -2, -7 % 2, 7.0 / 2, 7 / 2.0, 2 ^ 3, 7.5 % 2

select 1e10::int8 * 10, 5 + 1::smallint, 2::smallint * 3, 1.5::float4 + 1, 10 - 2.5

select 0.1 + 0.2, 0.1::float8 + 0.2::float8, 1.10 = 1.1, 1.0::text, 1e2

select round(2.5), round(-2.5), round(2.5::float8), round(3.14159, 2), trunc(-2.7), ceil(2.1), floor(-2.1)

select sum(x) from (values (1.1), (2.22), (3.333)) t(x)

select avg(x) from (values (1), (2), (2)) t(x)

select case when true then null else 1 end, case when false then 1 end, coalesce(null, null)
