with a as (select id from users where id < 3) select * from a order by id

with a as (select 1 x), b as (select x + 1 y from a) select * from a, b

with "A" as (select 1 as x), a as (select 2 as x) select "A".x, a.x from "A", a

with a(p, q) as (select id, name from users where id < 3) select q, p from a order by p

with a(p) as (select id, name from users where id < 3) select * from a order by p

with a(p, q, r) as (select id, name from users) select 1 from a

with x as materialized (select id from users) select count(*) from x

with x as not materialized (select id from users) select count(*) from x a, x b where a.id = b.id

with users as (select 7 as id) select id from users

with users as (select 7 as id) select count(*) from public.users

with a as (select 1) select (with a as (select 2) select * from a), * from a

with a as (select 1 x) select * from (with b as (select x + 1 y from a) select * from b) c, a

with a as (select 1 x) select 1 from b

with a as (select * from b), b as (select 1) select * from a

with a as (select 1), a as (select 2) select * from a

with a as (select model, count(*) n from gens group by model) select model from a where n = (select max(n) from a)

with t as (select id, rating, rank() over (order by rating desc nulls last, id) r from gens) select id, r from t where r <= 3 order by r

with recursive t(n) as (values (1) union all select n + 1 from t where n < 10) select sum(n), count(*) from t

with recursive t(n) as (select 1 union select (n + 1) % 5 from t) select n from t order by n

with recursive tree as (select id, 1 as lvl, array[id] path from users where id = 1 union all select u.id, t.lvl + 1, t.path || u.id from users u join tree t on u.id = t.id * 2) select * from tree order by id

with recursive f(a, b) as (select 0, 1 union all select b, a + b from f where b < 100) select a from f order by a

with recursive t as (select 1 as n, 'x' as s union all select n + 1, s || 'y' from t where n < 4) select * from t order by n

with recursive t(n) as (select 1::bigint union all select n * 2 from t where n < 1000) select max(n) from t

with recursive a as (select 1 x), b as (select x + 1 y from a) select y from b

with recursive r as (select id, 0 d from users where id = 1 union all select u.id, r.d + 1 from r, users u where u.id = r.id + 3 and r.d < 2) select d, id from r order by d, id

with recursive t(n) as (select 1 union all select n + 1 from t) select n from t limit 5

with recursive t(n) as (values (1) union all select n + 1 from t where n < 3) select a.n, b.n from t a, t b order by 1, 2

with recursive t(n) as (select 1 union all select t.n + 0.5 from t where n < 3) select n from t

with recursive t(n) as (select n + 1 from t union all select 1) select n from t

with recursive t(n) as (select 1 union all select sum(n) from t) select n from t

with recursive t(n) as (select 1 union all select a.n + b.n from t a, t b) select n from t

with recursive t(n) as (select n from t) select 1 from t

with recursive t(n) as (select 1 union all (select n + 1 from t where n < 5)) select n from t order by n

with recursive t as (select id, preview from gens where id = 1 union all select g.id, g.preview from gens g join t on g.id = t.id + 1 where g.id < 6) select * from t order by id

with recursive dates(d) as (select date '2026-01-01' union all select d + 1 from dates where d < date '2026-01-04') select d from dates order by d

with a as (select 1 as x order by 1) select x from a union all select x + 1 from a order by x desc

with a as (select id from users order by id desc limit 3) select min(id), max(id) from a

with a as (select 2 as v) select v, (select v from a) from a where v in (select v from a)

with a as (select 1 x) (with b as (select 2 y) select x, y from a, b)

with a as (select id, name from users where id <= 2), b as (select * from a union all select id, name from users where id = 3) select b.name, a.id from b left join a using (id) order by b.id

with w as (select 1 as unused) select 2

select * from (with a as (select 3 z) select z from a) q

with a as (select 1 x), b as (with a as (select 2 x) select x from a) select a.x, b.x from a, b

-- refused: SEARCH
with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) search depth first by n set o select n from t order by o

-- refused: CYCLE
with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) cycle n set c using p select n from t
