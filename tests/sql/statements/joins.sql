select u.id, g.id from users u join gens g on u.id = g.user_id order by 1, 2

select u.id, g.id from users u left join gens g on u.id = g.user_id and g.rating > 3 order by 1, 2

select u.id, g.id from users u right join gens g on u.id = g.user_id and g.rating > 3 order by 2, 1

select u.id, g.id from users u full join gens g on u.id = g.user_id and g.rating > 3 order by 1, 2

select count(*) from users, gens where users.id = gens.user_id

select count(*) from users cross join nothing

select * from users natural join (select id, 1 as one from gens) z where id < 3 order by id

select * from (select id, name from users) a natural join (select name, age from users) b order by id, age

select * from (select 1 x) a natural join (select 2 y) b

select * from (select 1 x, 2 y) a natural join (select 2 y, 1 x) b

select id, u.id, g.id, one from users u left join (select id, 1 one from gens where id % 2 = 0) g using (id) where id < 6 order by id

select id, u.id, g.id from (select id from users where id > 8) u right join (select id from gens where id < 12) g using (id) order by g.id

select id, u.id, g.id from (select id from users where id > 8) u full join (select id from gens where id < 12) g using (id) order by id

select * from (select id, age from users where id > 8) u full join (select id, frames from gens where id < 12) g using (id) order by id

select * from (values (1, 'a'), (2, 'b')) x(k, v) join (values (1, 'c'), (1, 'd')) y(k, w) using (k) join (values (1, true)) z(k, b) using (k) order by w

select * from (values (1, 2)) a(x, y) join (values (1, 2, 3)) b(x, y, z) using (x, y)

select * from (values (1, 2)) a(x, y) join (values (1, 2, 3)) b(x, y, z) using (y, x)

select a.y, b.z from (values (1, 2)) a(x, y) join (values (1, 2, 3)) b(x, y, z) using (x)

select y from (values (1, 2)) a(x, y) join (values (1, 2, 3)) b(x, y, z) using (x)

select j.id, j.name, j.model from (users u join gens g on u.id = g.user_id) as j(id, name, age, active, joined, tags, meta, gid, uid, model) where j.gid < 5 order by gid

select u.id from (users u join gens g on u.id = g.user_id) as j

select j.one, j.id from ((select id from users) u join (select id, 1 one from gens) g using (id)) as j where id < 3 order by id

select m.id from users u join gens g using (id) as m

select x.id, u.age, g.frames from users u join gens g using (id) as x where x.id < 4 order by x.id

select x.age from users u join gens g using (id) as x

select a.id, b.id, c.id from users a join (users b join gens c on b.id = c.user_id) on a.id = b.id where c.id < 6 order by 3

select a.id, b.id, c.id from users a left join (users b join gens c on b.id = c.user_id and c.rating > 3) on a.id = b.id order by 1, 3

select count(*) from users a, users b, users c where a.id = b.id and b.id = c.id

select u.id, g.id from users u, gens g where u.id = g.user_id and g.frames between u.age and u.age + 10 order by 1, 2

select a.id, b.id from users a join users b on a.age < b.age and a.active = b.active order by 1, 2 limit 20

select a.id, b.id from users a left join users b on a.name = b.name and a.id <> b.id order by 1, 2

select count(*) from users a full join gens b on a.id = b.user_id join events e on e.id = b.id

select u.*, g.model from users u join gens g on g.id = u.id where u.id in (1, 2) order by u.id

select g.*, u.name from users u join gens g on g.id = u.id where u.id = 2

select u.id from users u inner join nothing n on true

select u.id, n.a, n.b from users u left join nothing n on true order by 1

select n.a, n.b, u.id from nothing n right join users u on n.a = u.id order by 3

select users.id from users u

select id from users u, gens g

select u.nope from users u

select nope from users u join gens g on u.id = g.user_id

select u.id from users u join gens g on u.id = x.id

select u.id from users u join users u on true

select 1 from users join gens using (name)

select 1 from users join gens using (nope)

select id from users u join gens g on u.id

select 1 from users u join gens g on g.id = u.name

select a.x from (select 1 x) a, (select a.x) b

select * from users u join lateral (select g.id gid from gens g where g.user_id = u.id order by g.id limit 1) l on true order by u.id

select u.id, l.n from users u cross join lateral (select count(*) n from gens g where g.user_id = u.id) l order by 1

select u.id, l.* from users u left join lateral (select g.id, g.rating from gens g where g.user_id = u.id and g.rating is not null order by g.rating desc, g.id limit 2) l on true order by u.id, l.rating desc, l.id

select u.id, a.v, b.w from users u, lateral (select u.id * 2 v) a, lateral (select a.v + u.id w) b order by 1 limit 5

select u.id, l.id from users u, lateral (select u.id + 100 as id union all select u.id + 200) l where u.id < 3 order by 2

select g.id, p.v from gens g, lateral (values (g.frames), (g.frames + 1)) p(v) where g.id < 4 order by 1, 2

select u.id, x.s from users u left join lateral (select sum(frames) s from gens where user_id = u.id having count(*) > 2) x on true order by 1

select u.id from users u right join lateral (select u.id) l on true

select count(*) from users u join gens g on u.id = g.user_id and g.id in (select id from events)

select u.id, g.id from users u left join gens g on g.user_id = u.id and exists (select 1 from events e where e.id = g.id) order by 1, 2

select u.id from users u join gens g on u.id = g.user_id where g.model = 'sdxl' group by u.id order by u.id

select a.id, (b).id from users a join users b using (id) where id = 1

select 1 from users u, lateral (select x.id from gens x where x.id = v.id) y, users v

select x.* from (select 1 a, 2 b) x, (select 3 c) y

select *, 1 one, * from (select 1 a) x

select u.id i, g.id j from users as u join gens as g on u.id = g.id and u.id < 3 order by j desc
