create table p (id int primary key, name text unique, img bytea, tags text[], meta jsonb, n numeric(8,2), at timestamp, constraint pos check (n is null or n >= 0))
create table c (id serial primary key, p_id int references p (id) on delete cascade, img bytea, note text default 'none', unique (p_id, note))
create table l (k int references p (id) on delete set null, v int not null)
insert into p values (1, 'a', '\x0101', '{x,y}', '{"a": 1}', 1.5, '2024-01-01'), (2, 'b', null, null, null, null, null), (3, 'c', '\x', '{}', '[]', 0, '2024-03-01 10:00'), (4, null, '\x04', array[null], 'null', 4.444, null)
insert into c (p_id, img) select id, img from p where id < 4 returning id, p_id, img, note
insert into l select id, id * 10 from p
insert into p (id, name) values (5, 'a') on conflict (id) do nothing
insert into p (id, name) values (5, 'a') on conflict do nothing returning id
insert into p (id, name, img) values (1, 'zz', '\x99') on conflict (id) do update set img = excluded.img, name = p.name || excluded.name returning id, name, img, tags
insert into p (id, name) values (9, 'b') on conflict (name) do update set n = coalesce(p.n, 0) + 1, img = '\x22' returning *
insert into p (id, name) values (9, 'b') on conflict (name) do update set id = excluded.id where p.id > 100 returning *
insert into p (id, name, n) values (2, 'b', -1) on conflict (id) do update set n = excluded.n
insert into p (id, n) values (2, 7) on conflict (id) do update set n = excluded.n * p.n, at = '2024-05-05' where p.n is not null returning id, n, at
insert into p (id, name) values (3, 'a') on conflict (id) do update set name = excluded.name
insert into p (id, name) values (3, 'cc'), (6, 'f'), (7, null) on conflict (id) do update set name = excluded.name, img = p.img returning id, name, img
insert into p (id, name) values (8, 'h'), (8, 'i') on conflict do nothing returning id, name
insert into p (id, name) values (10, 'q'), (10, 'r') on conflict (id) do update set name = excluded.name
insert into p (id) values (null)
insert into p (id, name) values (11, 'k') on conflict (name, id) do nothing
insert into p (id, name) values (11, 'k') on conflict on constraint p_name_key do nothing returning id
insert into p (id, name) values (12, 'k') on conflict on constraint nope do nothing
insert into p as q (id, img) values (1, '\x77') on conflict (id) do update set img = q.img || excluded.img returning q.img
insert into p as q (id) values (1) on conflict (id) do update set img = p.img
insert into p (id, name) select g, 'g' || g from generate_series(20, 23) g on conflict do nothing returning id, name
insert into p (id, img) select 30 + id, img from p where img is not null order by id returning id, img
update p set img = c.img from c where c.p_id = p.id and p.id = 30
update p set img = c.img, n = c.id from c where c.p_id = p.id - 30 returning p.id, p.img, c.id
update p set img = null where id > 30 returning id, img
update p set img = (select img from p q where q.id = 1) where id in (31, 33) returning id, img
update p set (img, n) = (select img, 5 from p q where q.id = 4) where id = 31 returning img, n
update p set (name, n) = row('row', default) where id = 31 returning name, n
update p set name = name || id, id = id + 100 where id between 20 and 23 returning id, name
update p set id = -id where id > 100 returning id
update p set id = 1 where id = 4
update p set name = 'dup' where id in (-120, -121)
update p set n = n + 1 where tags @> array['x'] or meta = '[]' returning id, n
update p set tags = tags || 'new', meta = jsonb_set(coalesce(meta, '{}'), '{k}', '1') where id in (1, 2) returning id, tags, meta
update p set n = -5 where id = 1
update p set at = at + interval '1 month' where at is not null returning id, at
update p set n = 1e10 where id = 1
update p set n = 'x' where id = 1
update p set nope = 1
update p set id = 1, id = 2
update p x set n = 0 where x.id = 1 returning x.n, n
update p set n = 3 from c where p.id = c.p_id and c.note = 'none' and p.id = 1 returning p.id, c.id
update p set n = s.t from (select p_id, count(*) t from c group by p_id) s where s.p_id = p.id returning p.id, n
update p set n = u.n + 1 from p u where u.id = p.id - 1 returning p.id, p.n, u.id
update c set p_id = 999 where id = 1
update c set note = 'moved', p_id = 2 where p_id = 1 returning *
update l set k = 77 where k = 1
delete from p where id = 4 returning id, img, meta
select * from l order by v
delete from p using c where c.p_id = p.id and c.note = 'moved' returning p.id, c.note, p.img
select id, p_id, note from c order by id
delete from p where id in (select k from l where v > 25) returning id
delete from p p1 using p p2 where p1.id < 0 and p2.id = 1 returning p1.id, p2.name
select count(*), count(img), sum(octet_length(img)) from p
select * from c order by id
select * from l order by v
delete from nope
delete from p where n > 'x'
delete from l where v is null
merge into p using (values (1, 'one'), (50, 'fifty'), (51, null)) v(id, nm) on p.id = v.id when matched then update set name = v.nm, img = p.img || '\x01' when not matched and v.nm is null then do nothing when not matched then insert (id, name, img) values (v.id, v.nm, '\x50')
select id, name, img from p where id in (1, 50, 51) order by id
merge into p using c on c.p_id = p.id when matched and p.id > 40 then delete when matched then update set n = 9
merge into p using (values (1), (1)) v(id) on p.id = v.id when matched then update set n = 1
merge into p using (values (1, 2), (50, 3)) v(id, x) on p.id = v.id when matched and v.x > 2 then delete when matched then update set n = v.x, at = default
select id, n, at from p where id in (1, 50)
merge into p using (select id, img from c) s on p.id = s.id + 60 when not matched then insert (id, img) values (s.id + 60, s.img)
select id, img from p where id > 60 order by id
merge into p using (values (1)) v(id) on p.id = v.id when matched then update set id = 61
merge into p using (values (200, -1)) v(id, n) on p.id = v.id when not matched then insert (id, n) values (v.id, v.n)
begin
insert into p (id, name, img) values (300, 's1', '\xaa') returning id
savepoint one
update p set img = '\xbb', name = 's2' where id = 300 returning img
savepoint two
delete from p where id = 300
select count(*) from p where id = 300
rollback to two
select name, img from p where id = 300
insert into p (id) values (300)
select 1
rollback to one
select name, img from p where id = 300
release one
rollback to one
rollback
select count(*) from p where id = 300
begin
insert into p (id, img) values (301, '\xcc') on conflict (id) do update set img = excluded.img
insert into p (id, img) values (301, '\xdd') on conflict (id) do update set img = p.img || excluded.img returning img
update p set img = img || '\xee' where id = 301 returning img
savepoint s
insert into c (p_id, img) select id, img from p where id = 301 returning p_id, img, note
delete from p where id = 301 returning img
select count(*) from c where p_id = 301
rollback to s
select img from p where id = 301
savepoint s
update p set id = 302 where id = 301 returning id, img
release s
release s
commit
select id, img from p where id > 300
begin
create table d (a int primary key, b bytea)
insert into d values (1, '\x01'), (2, null)
savepoint x
select * from d order by a
rollback to x
select * from d order by a
drop table d
select 1 from d
rollback
select * from d
begin
truncate c
select count(*) from c
savepoint a
insert into c (p_id, note) values (302, 'after') returning p_id, note, id > 3
rollback to a
commit
select count(*) from c
truncate p
truncate p cascade
select (select count(*) from p), (select count(*) from c), (select count(*) from l)
insert into p (id, name, img) values (1, 'x', '\x01') returning (select count(*) from p), img is not null, upper(name)
insert into p (id) values (2), (3), (2)
select count(*) from p
insert into p (id, name) values (2, 'y'), (3, 'x')
select id from p order by id
insert into p (id, n) values (2, 1), (3, -1)
select id from p order by id
insert into c (p_id) values (1), (1)
insert into c (p_id) values (1) on conflict (p_id, note) do update set img = '\x05' returning id > 0, img, note
insert into c (p_id) values (1) on conflict (p_id, note) do update set img = c.img || excluded.note::bytea returning img
insert into c (p_id, note) values (null, 'x'), (null, 'x') on conflict do nothing returning note
insert into l values (1, null)
insert into l (v) values (1.5), ('2') returning *
insert into l (k, v) values (9, 1)
insert into l (k, v) values (1, 1), (9, 1) on conflict do nothing
update p set name = null, tags = default, meta = '{"b": [1, 2]}' returning name, tags, meta
update p set meta = meta || '{"c": null}' where meta ? 'b' returning meta, meta -> 'b' -> 1
update p set meta = null where meta @> '{"c": null}' returning meta is null
with d as (select 1 id) insert into p (id, name) select id + 70, 'w' from d returning id, name
with d as (select id from p) update p set name = 'cte' from d where d.id = p.id and p.id = 71 returning p.name, d.id
with d as (select 71 id) delete from p using d where p.id = d.id returning p.*
insert into p (id, n) values (80, 1.005), (81, '2.675'), (82, 1e3) returning n
insert into p select 90, 'pos', '\x01', '{a}', '{}', 1, now() - now() + '2024-01-01' returning at
insert into p select 91
insert into p (id, at) values (92, '2024-01-01'), (93, null) returning at, at is null
insert into p (id, tags) values (94, '{a,"b c",null}'), (95, string_to_array('q,w', ',')) returning tags, tags[2]
insert into p (id, meta) values (96, '{"z": 1.50, "a": [true]}'), (97, to_jsonb('x'::text)), (98, jsonb_build_array(1, null)) returning meta
delete from p where id >= 90 and (meta is null or meta @> '[1]') returning id
insert into p (id, name) values (110, 'ret') returning (select count(*) from p where id = 110), (select name from p q where q.id = p.id), exists (select 1 from p q where q.name = p.name)
update p set name = 'new' where id = 110 returning (select name from p q where q.id = p.id), name
insert into p (id, name) values (110, 'again') on conflict (id) do update set name = excluded.name returning name, (select name from p q where q.id = 110)
delete from p where id = 110 returning (select count(*) from p where id = 110), name
insert into p (id, meta) values (111, to_jsonb('1'::text)), (112, 'null'::jsonb), (113, '1.50'::jsonb), (114, to_jsonb('x'::text)), (115, null::jsonb) returning id, meta::text, jsonb_typeof(meta), meta is null
insert into p (id, meta) values (116, to_jsonb(1.10)) returning meta::text
update p set meta = to_jsonb('7'::text) where id = 111 returning meta::text
create table e (a int, m jsonb default to_jsonb('7'::text), j json default json_build_array(1.50, 'x'))
insert into e (a) values (1) returning m::text, j, jsonb_typeof(m)
alter table e add column z jsonb default to_jsonb('1'::text)
select z::text, jsonb_typeof(z) from e
update e set m = default, z = '2' returning m::text, z::text
update e set m = f.m from (select to_jsonb('9'::text) m) f returning e.m, e.m::text, f.m
delete from e using (values (1)) v(a) where v.a = e.a returning e.m, e.z, e.j
