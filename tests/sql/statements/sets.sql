select id from users union select user_id from gens order by 1

select id from users union all select user_id from gens order by 1

select id from users except select user_id from gens order by 1

select user_id from gens except all select id from users order by 1

select id from users intersect select user_id from gens order by 1

select user_id from gens intersect all select user_id from gens where id > 5 order by 1

(select id from users order by id desc limit 2) union all (select id from gens order by id limit 2) order by 1

(select 1 union all select 1) union select 2 order by 1

select 1 union all (select 1 union select 1) order by 1

select 1 union select 2 intersect select 2 order by 1

(select 1 union select 2) intersect select 2

select 1 except select 2 union select 3 order by 1

select 1 as a, 'x' as b union select 2, 'y' order by b desc

select 1 as a union select 2 as b order by a

select 1 as a union select 2 as b order by b

select 1 as a union select 2 order by a + 1

select 1 union select 1.5 order by 1

select 1::smallint union all select 2::bigint order by 1

select 'a' union select null order by 1

select null union select 1 order by 1

select null union select null

select null union all select null union all select 3 order by 1

select '1' union select 2 order by 1

select 'x' union select 2

select 1 union select 'a'::text

select 1 union select true

select 1, 2 union select 3

select date '2026-01-01' union select timestamp '2026-01-01 10:00' order by 1

select 1.5::float8 union all select 2 order by 1

select name from users where id = 99 union all select 'none'

select id, name from users where id < 3 union all select id, model from gens where id < 3 order by 1, 2

select * from (select id from users union select user_id from gens) t where id > 10 order by id

select count(*) from (select id from users union all select id from gens) t

select id from users where id in (select 1 union select 3) order by id

select id from users union select user_id from gens order by id limit 3 offset 1

(select id from users limit 3) intersect (select id from users order by id limit 100) order by id

values (1, 'a'), (2, 'b')

values (1), (2.5), (null) order by 1

values (1, 'a') union all values (2, 'b') order by 1

values (3), (1), (2) order by column1 desc limit 2

values (1), (2, 3)

values (1), ('x')

values (null), ('x')

select * from (values (1, 'a'), (2, null)) as v(x, y) order by x

select x from (values (1), (2)) v(x) where x > 1

table nothing

table labeled order by k

select a from nothing union all table (select 1)

(table labeled) order by k limit 1

select preview from gens where id < 4 union all select preview from gens where id between 10 and 12

select preview from gens where id < 4 union select preview from gens where id < 8 order by 1

select preview from gens except select preview from gens where id > 5 order by 1

select id, preview from gens where id < 3 union all select id, null from users where id < 3 order by 1, 2

select tags from users union select tags from gens order by 1

(((select 1))) union ((select 2)) order by 1

select 1 union all select 2 union all select 3 order by 1 desc limit 2

select 1 order by 1 union select 2

(select 1 as x order by 1) union (select 2 order by 1) order by x

select model, count(*) from gens group by model union all select 'total', count(*) from gens order by 2, 1

with a as (select 1 x union select 2) select x from a union select 3 order by 1

select 1 from users union select 1 from gens

select 1 a, 2 a union select 3, 4 order by 1

select 1 union select 2 order by 2

select 1 union select 2 order by random()

select id from users union select id from nothing

select a from nothing union select 1 except select 1
