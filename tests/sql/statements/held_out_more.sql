select a.id from users a, users b where a.id = b.id + 1 and a.age > all (select age from users c where c.id = b.id) order by 1

select id, case when exists (select 1 from gens where user_id = users.id) then (select count(*) from gens where user_id = users.id) else -1 end from users order by id

select x.id, y.cnt from users x join (select user_id, count(*) cnt from gens group by user_id) y on x.id = y.user_id where y.cnt = (select max(cnt) from (select count(*) cnt from gens group by user_id) z) order by 1

select id from users where (select max(rating) from gens where user_id = users.id) is null order by id

select distinct (select count(*) from gens where user_id = u.id) from users u order by 1

select sum((select count(*) from gens where user_id = u.id)) from users u

select (select sum(s) from (select sum(frames) s from gens where user_id = u.id group by model) t) from users u order by id

select id from users u order by (select max(id) from gens where user_id = u.id) desc nulls last, id limit 4

select id, array(select g.id from gens g where g.user_id = u.id order by g.id desc limit 2) from users u order by id

select count(*) from users u where array(select model from gens where user_id = u.id and model is not null) = '{}'

select u.id, g.ids from users u left join (select user_id, array_agg(id order by id) ids from gens group by user_id) g on g.user_id = u.id order by u.id

select id, ids[1], ids[2] from (select user_id as id, array_agg(id order by id) ids from gens where user_id < 5 group by user_id) t order by id

select lag.id from users lag where lag.id = 1

select u.* from (select * from users) as u(a, b) order by a limit 1

select t.a, t.name from (select id, name from users) as t(a) order by a limit 2

select * from (users u join media m on u.id = m.id) order by u.id limit 2

select * from (users join media using (id)) order by id limit 2

select count(*) from (users u cross join media m)

select u.id from (users u left join gens g on g.user_id = u.id) where g.id is null order by 1

select a.id, b.id, c.id from users a left join users b on b.id = a.id + 1 left join users c on c.id = b.id + 1 where a.id > 9 order by a.id

select a.id, b.id from users a right join users b on a.id = b.id - 1 and a.id > 2 where b.id < 5 order by b.id

select coalesce(a.id, b.id) id, a.id is null, b.id is null from (select id from users where id < 4) a full join (select id from users where id between 3 and 5) b on a.id = b.id order by 1

select id from (select id from users where id < 4) a full join (select id from users where id between 3 and 5) b using (id) where id <> 3 order by id

select id, count(*) from (select id from users where id < 4) a full join (select id from users where id between 3 and 5) b using (id) group by id order by id

select max(id) from users a natural join users b

select a.id from users a natural left join (select id, 'x' as tag from users where id < 3) b where tag is null order by 1 limit 3

select u.id, s.n, s.total from users u, lateral (select count(*) n, sum(frames) total from gens where user_id = u.id) s where s.n > 2 order by u.id

select u.id, a.id, b.id from users u left join lateral (select id from gens where user_id = u.id order by id limit 1) a on true left join lateral (select id from gens where user_id = u.id and id > a.id order by id limit 1) b on true order by u.id

select g, (select count(*) from gens where id % g = 0) from generate_series(1, 5) g order by g

select g.x, h.y from generate_series(1, 3) as g(x) left join generate_series(2, 4) as h(y) on g.x = h.y order by 1

select i, j from generate_series(1, 3) i, lateral generate_series(i, 3) j where (i + j) % 2 = 0 order by 1, 2

select array_agg(i order by i desc) from generate_series(1, 4) i where i <> 2

select t.i, t.o from generate_series(10, 12) with ordinality as t(i, o) where o > 1 order by o

select generate_series(1, 2) as a, id from users where id < 3 order by id, a

select id, generate_series(id, id + 1) as g from users where id < 3 order by g, id

select distinct generate_series(1, 3) % 2 order by 1

select generate_series(1, 3) limit 2 offset 1

select unnest(array['b', 'a']) as x order by x

select unnest(tags) as tag from gens where tags is not null order by tag, id limit 5

select unnest(nums) + 1 from events where id < 4 order by 1

select count(*), unnest(array[1, 2]) from users

select generate_series(1, count(*)) from users where id < 4

select id from users where id in (select unnest(array[1, 3])) order by id

select (select unnest(array[7]))

with recursive r as (select 1 as i union all select i + 1 from r where i < 3), s as (select i * 10 as j from r) select r.i, s.j from r, s order by 1, 2

with recursive a(n) as (select 1 union all select n + 1 from a where n < 3), b(m) as (select 10 union all select m + n from b, a where m < 12) select * from b order by 1

with recursive t(n, s) as (select 0, ''::text union all select n + 1, s || chr(97 + n) from t where n < 3) select s from t order by n

with recursive t as (select id, user_id from gens where id = 40 union select g.id, g.user_id from gens g join t on g.id = t.user_id) select * from t order by id

with recursive paths(id, path, cycle) as (select id, array[id], false from gens where id = 5 union all select g.id, path || g.id, g.id = any(path) from gens g join paths p on g.id = p.id * 2 and not cycle) select id, cycle from paths order by id

with recursive x(n) as (select 1 union all select n + 1 from x where n < (select max(k) from labeled)) select count(*) from x

with t as (select 1 as a), u as (select a + 1 as b from t) select (select b from u), (select a from t)

with t as (select id, rank() over (order by rating desc nulls last, id) r from gens) select a.id, b.id from t a join t b on b.r = a.r + 1 where a.r < 4 order by a.r

with t as (select * from users where id < 4) select t.* from t join t t2 using (id) order by 1

select * from (with x as (select 1 a) select a from x union all select 2) y order by a

select sum(c) over (partition by m), m, c from (select model m, count(*) c from gens group by model, user_id % 2) t order by m, c

select id, sum(id) over (partition by active order by id desc rows unbounded preceding) from users order by id

select id, count(*) over (order by age range between 10 preceding and 10 following) from users order by id

select id, count(*) over (order by age desc range between 10 preceding and current row) from users order by id

select id, avg(rating) over (partition by model order by id rows between 1 preceding and 1 following) from gens order by id

select id, rank() over (partition by active order by age desc nulls last, name) from users order by id

select model, id, row_number() over w from gens window w as (partition by model order by rating desc nulls last, id desc) order by model, 3

select id, min(id) over w1, max(id) over w2 from users window w1 as (order by id rows between 2 preceding and 1 preceding), w2 as (order by id rows between 1 following and 2 following) order by id

select id, count(*) over (partition by model, rating > 2) from gens order by id

select id, sum(1) over (order by id), sum(id) over (order by id) - id from users order by id

select count(*) over (), sum(id) over () from users order by 1 limit 1

select id, row_number() over (order by (select count(*) from gens where user_id = users.id) desc, id) from users order by id

select model, rank() over (order by avg(rating) desc nulls last) from gens group by model order by model

select model, user_id % 2, sum(count(*)) over (partition by model) from gens group by model, user_id % 2 order by 1, 2

select id, first_value(id) over (partition by active order by age nulls first, id) from users order by id

select id, nth_value(name, 3) over (order by id) from users order by id

select id, lead(id) over (partition by active order by id), lag(name, 1, 'first') over (order by id) from users order by id

select id, ntile(3) over (order by id desc) from users order by id

select model, count(*) from gens group by model having count(*) > (select avg(c) from (select count(*) c from gens group by model) t) order by 1

select model, min(rating), max(rating) from gens where rating is not null group by model having max(rating) - min(rating) > 3 order by 1

select (user_id % 2) = 0, count(*) from gens group by (user_id % 2) = 0 order by 1

select extract(month from created_at), count(*) from gens group by 1 order by 1

select created_at::date d, count(*) from gens group by d having count(*) > 1 order by d

select count(*) from gens group by rollup (model, user_id % 2) order by 1

select coalesce(model, 'all') m, grouping(model) g, count(*) from gens where model is not null group by rollup (model) order by g, m

select model, sum(frames) filter (where id % 2 = 0) from gens group by cube (model) order by 1, 2

select u.active, g.model, count(*) from users u join gens g on g.user_id = u.id group by grouping sets ((u.active), (g.model), (u.active, g.model)) order by 1, 2, 3

select active, age > 30, count(*) from users group by active, age > 30 having age > 30 order by 1

select u.name, max(g.rating) from users u join gens g on g.user_id = u.id group by u.id, u.name order by u.id

select u.id, u.name || '!' from users u join gens g on g.user_id = u.id group by u.id order by u.id

select * from users group by id order by id limit 2

select u.*, count(g.*) from users u left join gens g on g.user_id = u.id group by u.id order by u.id

select count(u) from users u

select count(u.*) from users u left join gens g on g.user_id = u.id

select max(name collate "C") from users

select name from users order by name collate "C" desc nulls last

select string_agg(name, '' order by name) filter (where name <> '') from users

select array_agg(distinct active order by active) from users

select array_agg(age) filter (where age > 40) from users

select count(*) filter (where rating > 2) * 100 / count(*) from gens

select sum(distinct frames % 5), count(distinct frames % 5) from gens

select max(array[id, age]) from users

select min(tags), max(tags) from users

select id from users where tags = array['alpha', 'beta'] order by id

select id from users where 'beta' = any (tags) and not 'gamma' = any (tags) order by id

select id from users where tags[1] is null order by id

select tags[array_length(tags, 1)] from users order by id

select (array_agg(name order by id))[2:3] from users

select tags is null, tags = '{}' from users order by id

select meta->'nested'->>'b', (meta->>'lvl')::int + 1 from users order by id

select id from users where meta->>'lvl' = '1' order by id

select meta->'nested'->'a'->0 from users order by id

select count(*) from users where meta @> '{"lvl": 1}'

select meta->>'lvl' l, count(*) from users group by l order by l

select (meta->>'lvl')::int l, count(*) from users group by 1 having count(*) > 3 order by 1

select id from users where (meta->'nested'->>'b')::int > 8 order by id

select payload->'b'->'c'->1, payload->>'a' from events order by id

select 1 as a union all select 2 union select 2 order by a

select * from (select 1 a union all select 2) t where a in (select 2 union all select 3)

(select id from users order by id limit 1) union all (select id from users order by id desc limit 1)

select id from users where id < 4 union (select id from gens where id < 3 except select 1) order by 1 desc

select null::int union select 1 union select null order by 1

select 'a' as x union all select null union all select 'b' order by x nulls first

select id, 'u' as t, name from users where id < 2 union all select id, 'g', model from gens where id < 2 order by t

select 1.5 union all select 2 order by 1

select 1::float8 union select 1::int

select date '2026-01-01' union select '2026-01-02' order by 1

select array[1] union select array[2] order by 1

select true union select null order by 1

select 1 as x limit 0

select 1 offset 1

select id from users order by id limit 2 offset 11

select id from users order by id desc fetch next row only

select count(*) from (select id from users limit 5) t

select count(*) from (select id from users order by id offset 5) t

select max(id) from (select id from users order by id limit 5) t

select age from users order by age nulls first fetch first 3 rows with ties

select distinct active from users order by active fetch first 1 row with ties

select active, count(*) from users group by active order by 1 fetch first 2 rows with ties

select id from users order by age nulls last, id limit (select count(*) / 4 from users)

-- parameters: [3, "Bob"]
select id, name from users where id = $1 or name = $2 order by id

-- parameters: [2]
select id, $1 + id, $1::text from users where id <= $1 order by id

-- parameters: ["2"]
select id from users where id = $1

-- parameters: [1.5, true]
select $1, $2, case when $2 then $1 end

-- parameters: [5]
select id % $1, count(*) from users group by id % $1 order by 1

-- parameters: ["A%"]
select id from users where name like $1 order by id

-- parameters: [2, 3]
select id from users where id in ($1, $2) order by id

-- parameters: [1, 10]
select count(*) from generate_series($1::int, $2::int)

select u.id from users u where u.id = (select u.id) order by u.id limit 1

select u.id from users u where exists (select 1 where u.id > 11) order by 1

select id from users group by id having id in (select user_id from gens group by user_id having count(*) > 2) order by id

select x.* from (values (1, 'a'), (2, 'b')) x order by column1 desc

select column1 + 1, column2 from (values (1, 'a'), (2, 'b')) as x order by 1

select v.a, w.b from (values (1), (2)) v(a) left join (values (2, 'x')) w(k, b) on v.a = w.k order by 1

values (1, 2), (3, 4) order by 1 desc limit 1

select (values (1)), array(values (1), (2))

select 1 in (values (1), (2)), 3 in (values (1), (null))

select * from (values (1), (null), (2)) v(x) where x not in (values (3), (1)) order by x

select not null, not (null is null), null and true, null or true, null = null, null <> null

select 'a' is null, (null is not null) is false, (1 = null) is unknown, (1 = 1) is not unknown

select id from users where (age > 30) is not true order by id

select id from users where not (age > 30) order by id

select id from users where age > 30 or age is null and active order by id

select 2 + 2 * 2 - 1, (2 + 2) * 2, -2 * -3, 7 / 2 * 2, 2 - 3 - 4, 100 / 10 / 2

select 1 < 2 and 2 < 3 or false, not false and false, not (false and false)

select 1 = 1 is true, 'a' || 'b' = 'ab', 1 + 1 between 1 and 3, 5 in (2 + 3)

select id is null, id is not null from nothing n, users limit 1

select case id when 1 then 'one' when 2 then 'two' end c, count(*) from users group by c order by c

select case when id < 3 then id when id < 5 then age end from users order by id

select coalesce((select name from users where id = 99), (select name from users where id = 1), 'none')

select nullif(name, '') is null, coalesce(nullif(name, ''), 'empty') from users order by id

select greatest(id, age, 20), least(name, 'C') from users order by id

select id from users where exists (select 1 from labeled where id = k) order by id

select id, (select "Id" from labeled where k = id) from users where id < 4 order by id

select count(*) c from labeled l group by "Id" having max(l.k) > 1 order by c

select k as id from labeled order by id desc
