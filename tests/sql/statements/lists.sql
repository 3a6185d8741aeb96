select id from users where id in (1, 3, 5, 7, 9, 11) order by id

select id from users where id not in (1, 3, 5, 7, 9, 11) order by id

select id from users where id in (1, 3, null) order by id

select id from users where id not in (1, 3, null) order by id

select id in (1, 2, null), id not in (1, 2, null), id = any(array[1, 2, null]), id <> all(array[1, 2, null]) from users order by id

select id from events where small in (1, 70000, -3, 2.5, 5000000000) order by id

select id from events where small not in (1, 70000, 4) order by id

select id from events where small in (1, 2.0, 4) order by id

select id from events where f4 in (0.5, 1, 1.125, 'NaN') order by id

select id from events where f4 not in (0.5, 1, 1.125) order by id

select id from events where f4 in (1, 2, 1.5::float8) order by id

select id from gens where rating in (1, 2, 2.5, 3, 'nan') order by id

select id from gens where rating not in (1, 2, 2.5, 'nan') order by id

select id from gens where price in (1, 2.50, 9.99, 12) order by id

select id from gens where price in ('1', 2.505, 1.5::float8) order by id

select id from users where name in ('ann', 'bob', 'x', 'y', 'z', 'Ann', '', 'Zoë', 'é', 'a', 'b') order by id

select id from users where name not in ('ann', 'bob', 'x', 'y', 'z', 'Ann', '', 'Zoë', 'é', 'a', 'b') order by id

select id from events where kind in ('click', 'Buy', null) order by id

select id from events where kind not in ('click', 'Buy') order by id

select id from gens where created_at in ('2026-01-01', '2026-01-02 03:00:00', 'epoch') order by id

select id from users where active in (true) order by id

select id from users where active not in (true, null) order by id

select id from events where u in ('00000000-0000-0000-1234-567890abcdef', '00000000-0000-0000-2468-acf13579bdde') order by id

select id from users where id in (id - 1, 5, 6, id * 2, 7) order by id

select id from users where 5 in (id, 6, 7) order by id

select 'a' in ('a', 'b'), 1 in (2, 3), null in (1, 2), null in (null), 1 in (null, 1), '1' in (1, 2), 1.0 in (1, 2)

select 0.0::float8 in ('-0', 1), '-0'::float8 in (0, 1), 'nan'::float8 in (1, 'nan'), 'nan'::float8 not in (1, 2)

select 1 in ('a', 'b')

select true in (1, 2)

select id from users where id in (1, 'x')

select id from users where id = any('{1,3,NULL}') order by id

select id from users where id <> all('{1,3,NULL}') order by id

select id from users where not (id = any('{1,3}')) order by id

select count(*) from users group by id in (1, 2, 3) order by 1

select case when id in (1, 2, 3) then 'a' when id in (4, 5) then 'b' else 'c' end c, count(*) from users group by 1 order by 1

select id from users where (id in (1, 2, 3)) is not true order by id

select id from users where id in (1, 2, 3) is null

select g.id from gens g left join users u on u.id = g.user_id and u.id in (1, 2, 3) where u.id is null order by 1 limit 5

select id from users where id::text in ('1', '2', '10') order by id

select id from users where id + 1 in (2, 3, 11) order by id

select id from users where id::numeric in (1, 2.0, 3.5) order by id

select 9223372036854775807 in (1, 9223372036854775807), 32767::smallint in (32767, 32768), 1::smallint in (70000, 1)

select '2026-01-01'::date in ('2026-01-01', '2026-01-02'), '1 day'::interval in ('24 hours', '2 days')

select array[1, 2] in (array[1, 2], array[3])

select 'a'::varchar(3) in ('a', 'b'), 'a '::char(3) in ('a', 'b'), 'a'::text in ('a '::char(3), 'c')
