select id, (select max(rating) from gens where user_id = u.id) from users u order by id

select id, exists (select 1 from gens where user_id = u.id and rating > 3) from users u order by id

select id, exists (select from gens where user_id = u.id) from users u order by id

select id from users where id in (select user_id from gens where rating > 3) order by id

select id from users where id not in (select user_id from gens where user_id is not null and rating < 2) order by id

select id from users where id not in (select user_id from gens) order by id

select id in (select user_id from gens where user_id > 100) from users order by id

select null in (select id from users), null in (select id from users where false), null not in (select id from users where false)

select id from gens where rating > all (select lvl from (values (1), (2)) v(lvl)) order by id

select id from gens where rating >= any (select max(rating) from gens group by model) order by id

select 3 > all (select 1 where false), 3 > any (select 1 where false), 3 > all (select null::int), 1 = any (select null::int)

select 3 < some (select 5), 3 <> all (values (1), (2), (null)), 3 <> all (values (1), (3), (null))

select (select id from users where id = 99), (select 1), (select 'x')

select (select id from users)

select (select id, name from users where id = 1)

select id from users where id = (select id from users where name = 'Ada')

select id from users where id = (select min(user_id) from gens g where g.model = 'flux')

select array(select id from users where id < 4 order by id desc), array(select id from users where false)

select array(select name from users order by id)

select (select count(*) from gens g where g.user_id = u.id) n, count(*) from users u group by 1 order by 1

select id from users u order by (select count(*) from gens g where g.user_id = u.id), id

select name, (select sum(x) from (select frames x from gens g where g.user_id = u.id and g.frames > 30) t) from users u order by id

select u.id, (select (select u.id + g.id) from gens g where g.id = u.id) from users u order by 1

select x.n from (select count(*) n from users) x where x.n > 3

select * from (select id, name from users where id < 3) as t(a, b) order by a

select * from (select id, name from users where id < 3) as t(a) order by a

select * from (select id, name from users where id < 3) as t(a, b, c)

select t.id from (select id from users where id < 3) t order by t.id

select case when exists (select 1 from nothing) then 'some' else 'none' end

select coalesce((select a from nothing), 7), (select a from nothing) is null

select id from users where (select rating from gens g where g.id = users.id) > 2 order by id

select id from users where exists (select 1 from gens g where g.user_id = users.id and exists (select 1 from events e where e.id = g.id and e.kind = 'view')) order by id

select avg((select max(frames) from gens g where g.user_id = u.id)) from users u

select sum(c) from (select (select count(*) from gens g where g.user_id = u.id) c from users u) s

select id, id = (select max(id) from users) from users order by id desc limit 3

select id from gens where (user_id, model) in (select user_id, model from gens where rating > 4) order by id

select id from users where (id, age) in ((1, 18), (2, 25), (3, 1)) order by id

select id from users where (id, name) not in (select id, name from users where id > 3) order by id

select id from users where (id, age) = (select id, age from users where id = 3)

select id from users where (id, age) <> all (select id, age from users where id < 11) order by id

select (1, 2) = (select 1, 2), (1, 3) < (select 1, 4), (1, 2) <> (select 1, 2)

select (1, 2) in (select 1, 2, 3)

select 1 in (select 1, 2)

select id from users where id > any (select user_id from gens where user_id < 3) order by id

select id from users where name like any (select 'A%') order by id

select id from users where name = any (select name from users where id < 3) order by id

select id from users where not exists (select * from gens where gens.user_id = users.id and gens.rating > 1) order by id

select (select u.name from users v where v.id = u.id) from users u where u.id < 4 order by u.id

select (select max(g.id) from gens g where g.user_id = u.id having count(*) > 2) from users u order by u.id

select id, (select string_agg(model, ',' order by id) from gens where user_id = u.id) from users u order by id

select (select count(*) from users where users.id = outside.id) from users outside where outside.id = 1

select (select nope from users limit 1)

select 1 where 1 = (select 1) and 2 in (select 2 union select 3) and not exists (select 1 from nothing)

select id from users where id between (select 2) and (select max(id) - 8 from users) order by id

select (select a.x from (select 1 x) a, (select 2 x) b where b.x > a.x)

select (table nothing) is null

select exists (values (1)), exists (table nothing), (values (5))

select max((select u.id)) from users u

select id from users u where id = (select max(g.user_id) from gens g where g.rating = (select max(h.rating) from gens h where h.user_id = u.id)) order by id

-- refused: an aggregate of an outer query's columns is not supported
select (select count(u.id) from nothing) from users u where u.id < 4
