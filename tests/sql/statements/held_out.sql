select u.id, count(g.id) as n, max(g.rating) best from users u left join gens g on g.user_id = u.id group by u.id having count(g.id) >= 2 order by n desc, u.id

select model, avg(rating) filter (where quality > 0.5), count(*) from gens where created_at is not null group by model order by model nulls first

with top as (select id, model, rating, row_number() over (partition by model order by rating desc nulls last, id) rn from gens) select model, id, rating from top where rn <= 2 order by model, rn

select g.id, g.rating, g.rating - avg(g.rating) over (partition by g.model) as delta from gens g where g.rating is not null order by abs(g.rating - 2), g.id limit 10

select u.name, coalesce(s.total, 0) from users u left join (select user_id, sum(frames) total from gens group by user_id) s on s.user_id = u.id order by coalesce(s.total, 0) desc, u.id

select distinct u.id, u.name from users u, gens g where g.user_id = u.id and g.model in ('sdxl', 'flux') order by u.id

select case when g.rating >= 3 then 'good' when g.rating >= 1 then 'ok' else 'bad' end grade, count(*), min(id) from gens g group by 1 order by 1

select id from gens where rating > (select avg(rating) from gens) and model = 'sdxl' order by rating desc, id

select a.id, b.id from gens a join gens b on a.model = b.model and a.rating < b.rating and a.id < 10 and b.id < 10 order by a.id, b.id

select u.id from users u where not exists (select 1 from gens g where g.user_id = u.id) or u.age is null order by 1

select kind, count(*) c, sum(count(*)) over () total from events group by kind order by kind

select id, nums, nums[1], nums[array_length(nums, 1)] from events order by id

select e.id, n from events e, unnest(e.nums) n where n > 1 order by 1, 2

select e.id, (select sum(x) from unnest(e.nums) x) from events e order by 1

select e.id, array(select x * 2 from unnest(e.nums) x order by x desc) from events e order by 1

select model, string_agg(id::text, ',' order by id) from gens group by model order by 1

select x, y from generate_series(1, 3) x cross join generate_series(1, 2) y where x <> y order by x, y

select d.day, count(g.id) from generate_series(timestamp '2026-01-01', timestamp '2026-01-10', interval '3 days') d(day) left join gens g on g.created_at >= d.day and g.created_at < d.day + interval '3 days' group by d.day order by d.day

select (select count(*) from gens) - (select count(*) from users) as difference

select * from (values ('a', 1), ('b', 2), ('c', null)) t(name, n) where n is distinct from 1 order by name

select t.n, sum(t.n) over (order by t.n rows between 1 preceding and current row) from generate_series(1, 5) t(n) order by t.n

with recursive down(n, path) as (select 3, '3' union all select n - 1, path || '>' || (n - 1)::text from down where n > 0) select n, path from down order by n

with recursive walk(id, depth) as (select 1::bigint, 0 union select g.user_id, w.depth + 1 from walk w join gens g on g.id = w.id where w.depth < 4 and g.user_id is not null) select id, depth from walk order by depth, id

select id, prompt from gens where prompt <> '' and (rating > 3 or quality is null) and not (frames < 10) order by id

select count(*) from users u1 join users u2 using (active)

select active, count(*), avg(age) from users group by active having avg(age) > 20 order by active nulls first

select grouping(model), grouping(user_id % 3), model, user_id % 3, count(*) from gens where id < 20 group by cube (model, user_id % 3) order by 1, 2, 3, 4

select model, user_id % 2, count(*) from gens group by grouping sets ((), (model), (model, user_id % 2)) order by 1 nulls last, 2 nulls last, 3

select u.name, g.* from users u cross join lateral (select id, rating from gens where user_id = u.id and rating is not null order by rating desc, id fetch first 1 row only) g order by g.rating desc, g.id

select id from users union all select id from gens where id > 38 order by id desc limit 4

(select id, 'u' src from users where id < 3) union all (select id, 'g' from gens where id < 3) order by id, src

select id from users except (select user_id from gens union select 12) order by id

select count(*) from (select id from users intersect select user_id from gens) t

select name, age from users where (age, name) > (25, 'B') order by age, name

select min(id) from gens having count(*) > 100

select 1 from gens having max(id) = 40

select max(cnt) from (select count(*) cnt from gens group by model) t

select id, rating, rank() over w r, dense_rank() over w d from gens where rating > 3 window w as (order by rating desc) order by r, id

select sum(x.c) from (select distinct model, 1 c from gens) x

select distinct on (user_id) user_id, id, rating from gens where user_id is not null order by user_id, rating desc nulls last, id

select coalesce(u.name, 'nobody'), g.id from gens g left join users u on u.id = g.user_id where g.id between 10 and 15 order by g.id

select count(*) filter (where active), count(*) filter (where not active), count(*) filter (where active is null) from users

select id, name || coalesce('/' || age, '') from users where id <= 4 order by id

select exists (select 1 from gens where rating > 4.2), not exists (select 1 from nothing)

select id from gens where id = any (array(select id from gens where rating > 4)) order by id

select id from users where id = any ((select array_agg(user_id) from gens where rating > 3)::bigint[]) order by id

select bool_and(rating > -1) from gens, users where users.id = gens.user_id

select j.id, k.id from (select id from users where id < 3) j left join (select id from users where id = 2) k on j.id = k.id order by 1

select u.id, e.id from users u join events e on u.id = e.id and e.kind is not null left join gens g on g.id = e.id + 30 order by 1

select * from users where false

select k, l.* from labeled l order by k

select count("Full Name"), count(distinct "select") from labeled

select "Id" + 1 as "Next" from labeled where "Id" is not null order by "Next" desc

select sum("Id") "Sum of Id" from labeled

select users.id from users, labeled where users.id = labeled.k and labeled."select" order by users.id

select id from users order by case when active then 0 when active is null then 1 else 2 end, id

select id from users order by active desc nulls last, age asc nulls first, id desc

select frames, count(*) over (partition by frames % 10 order by frames, id) from gens where frames is not null order by frames, id

select model, max(frames) - min(frames) spread from gens group by model order by spread desc, model

select g1.model from gens g1 group by g1.model having count(*) = (select max(c) from (select count(*) c from gens g2 group by g2.model) x) order by 1

select id from gens g where rating = (select max(rating) from gens where model is not distinct from g.model) order by id

select 1 as x where exists (select 1 from users where id = 1 union select 2)

with a as (select id from users), b as (select id from a where id > 5), c as (select count(*) n from b) select n, (select max(id) from a) from c

with x as (values (1, 'one'), (2, 'two')) select * from x order by 1 desc

with x(a) as (select generate_series(1, 4)) select sum(a) from x

with t as (select 1 a union all select 2) select t1.a, t2.a from t t1 left join t t2 on t2.a = t1.a + 1 order by 1

select * from (select 1 a) x natural full join (select 1 a, 2 b) y natural left join (select 2 b, 3 c) z

select a.id, b.name from users a inner join users b using (id, name) where a.id < 4 order by 1

select id, name, a.age, b.age from users a join users b using (id, name) where id < 3 order by id

select u.id, x from users u, lateral (select u.age + 1) as l(x) where u.id < 4 order by 1

select u.id, (select l.v from (select u.id * 10 as v) l) from users u where u.id < 4 order by 1

select id, (values (id + 1)) from users where id < 3 order by id

select least(id, 5), greatest(id, 5) from users where id in (4, 5, 6) order by id

select nullif(active, true), coalesce(active, false) from users order by id

select id from gens where tags is null or tags = '{}' order by id

select tags[1], count(*) from gens group by tags[1] order by 1

select id, tags[1:2] from gens where tags[2] is not null order by id

select meta['lvl'], count(*) from users group by meta['lvl'] order by 1

select distinct meta->'lvl' from users

select (id, name) = (1, 'Ada') from users where id < 4 order by id

select id from users where row(id, name, age) = row(2, 'Bob', 25)

select array_agg(x order by x desc) from unnest(array[3, 1, 2]) x

select count(*) from unnest(array[1, null, 2]) x where x is not null

select a, b from unnest(array[1, 2]) with ordinality t(a, b) order by b desc

select sum(v) filter (where v > 1), count(*) from (values (1), (2), (3)) t(v)

select avg(v), sum(v), min(v), max(v) from (values (1), (2), (null), (4)) t(v)

select v, v::text, -v, v + 1 from (values (1.5), (2.25)) t(v) order by v

select sum(price), avg(price), max(price) - min(price) from gens

select price, price * 2, price + 1.5, price - 0.01 from gens where id < 5 order by id

select frames / 7, frames % 7, -frames / 7, frames * 1.0 / 7 from gens where id < 5 order by id

select rating, rating * 2, rating / 2, round(rating) from gens where id < 5 order by id

select id from gens order by quality desc nulls last, id limit 12

select quality = quality, quality > 1e300, quality is null from gens order by id limit 6

select created_at, created_at::date, created_at > '2026-02-01' from gens where id < 5 order by id

select joined, joined - date '2025-01-01', joined + 1 from users where id < 4 order by id

select min(joined), max(joined), count(distinct joined) from users

select count(*) from gens where created_at between '2026-01-10' and '2026-02-10'

select created_at + interval '1 day' from gens where id < 4 order by id

select ts, ts > '2026-03-30 00:00+00' from events where id < 5 order by id

select u, u::text from events where id < 4 order by id

select f4, f4::float8, f4 * 2 from events order by id

select small, small + 1, small::int8 from events order by id limit 4

select id from events where u = '00000000-0000-0000-1234-567890abcdef'

select true = active, active <> false, active is not true, not coalesce(active, true) from users order by id

select name, name = 'Ada', name < 'b', name between 'A' and 'C' from users order by id

select name from users where name in ('Ada', null, 'yan') order by id

select upper(name), length(name), name || '!' from users order by id

select count(distinct name), count(distinct lower(name)), min(name), max(name) from users

select id from users where name is not null and name <> '' order by name, id

select 'it''s' = name from users where id = 9

select sum(case when active then 1 else 0 end), sum(active::int) from users

select count(*) from users where (select count(*) from gens where user_id = users.id) > 2

select id from users u where 2 <= (select count(*) from gens g where g.user_id = u.id and g.rating > 1) order by id

select id from users where id in (select user_id from gens where rating > 2 intersect select user_id from gens where model = 'sdxl') order by id

select name, count(*) from users join gens on gens.user_id = users.id group by users.id order by users.id

select users.*, count(*) from users join gens on gens.user_id = users.id group by users.id order by users.id

select name, count(*) from users join gens on gens.user_id = users.id group by gens.id

select u.id + 1, count(*) from users u group by u.id + 1, u.id order by 1

select u.id + 2 from users u group by u.id + 1

select lower(name) from users group by name order by name

select name from users group by lower(name)

select max(name) from users group by lower(name) order by 1

select count(*) from users where name = (select name)

select x.id from users x order by y.id

select u.id from users u where gens.id = 1

select id from users where max(id) > 1

select sum(id) over (order by sum(id)) from users

select sum(sum(id)) over (order by age) from users group by age order by 1

select age, rank() over (order by sum(id)) from users group by age order by 2, 1

select count(*) over (partition by nope) from users

select id as a from users where a = 1

select id as a from users group by a having a > 3

select id as a from users order by a + 1

select id as a from users order by a desc

select 1 union select 2 union select 'x'

select id from users union select name from users

select id, name from users union select id from users

select * from users union select * from gens

select id from users limit 'a'

select id from users limit null

select id from users offset null

select 1 where 'a' = 1

select 1 + 'a'

select 1 || true

select date '2026-13-01'

select '2026-02-30'::date

select 10 / 0

select 10 % 0

select 1.0 / 0

select 2147483647 + 1

select 9223372036854775807 + 1

select (-2147483648)::int / -1

select 32768::smallint

select 'abc'::boolean

select '1.5'::int

select '{1,2'::int[]

select '{"a":'::jsonb

select array[1] || 'x'

select (select 1, 2)

select (select 1 union select 2)

-- refused: a row as a value is not supported
select id from users where (id, name) = (1)

select coalesce(1, 'x')

select coalesce(1, 'x'::text)

select case when 1 = 1 then 'a' else 1 end

select greatest(1, 'x'::text)

select * from generate_series(1, 'x')

select unnest(1)

select count(distinct *) from users

select count() from users

select sum(*) from users

select sum(name) from users

select avg(active) from users

select max(active) from users

select lag(id) from users

select id from users for update of gens

select users.name.first from users

select a.b.c.d.e from users

select * from users natural join nope

select * from users join gens using (id, nope)

select * from a, b

select x.* from users

select distinct on (id) id from users order by name

select id from users group by id order by name, id

select name from users group by id, name order by age

select model from gens group by 1, 2

select count(*) from gens group by count(*)

select array_agg(distinct id order by name) from users
