create table a (id serial primary key, n int default 5 check (n < 1000), s varchar(5), f float8, d numeric(6,2), t timestamptz, b bool, j jsonb, arr int[], u uuid unique, dt date, c char(3), by bytea, r real, sm smallint)
insert into a (s) values ('x'), ('y') returning id, n, s
insert into a values (default, default, 'z', 1, 2.345, '2024-01-01', 't', '{"a":1}', '{1,2}', null, '2024-02-03', 'ab', '\x01', 1.5, 7) returning *
insert into a (id, n) values (3, 1)
insert into a (n) values (1000)
insert into a (s) values ('toolong')
insert into a (s) values ('ok     ') returning s, length(s)
insert into a (n) values ('12') returning n
insert into a (n) values (1.5), (2.5), (-1.5) returning n
insert into a (n) values (1.5::float8), (2.5::float8) returning n
insert into a (d) values (12345.678)
insert into a (d) values (1.005), ('2.675') returning d
insert into a (sm) values (40000)
insert into a (sm) values (32767) returning sm
insert into a (b) values ('yes'), ('off'), (true), ('1') returning b
insert into a (b) values (1)
insert into a (b) values ('maybe')
insert into a (s) values (true)
insert into a (s) values (12) returning s
insert into a (s) values (1.50) returning s
insert into a (n) values (true)
insert into a (n) values (null) returning n
insert into a (j) values ('[1, 2, {"x": null}]'), ('null'), ('"t"'), ('3') returning j
insert into a (j) values ('{bad')
insert into a (j) values (1)
insert into a (arr) values ('{1,NULL,3}'), (array[4,5]), ('{}') returning arr
insert into a (arr) values ('{1,x}')
insert into a (u) values ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11') returning u
insert into a (u) values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
insert into a (u) values ('nope')
insert into a (dt) values ('2024-02-30')
insert into a (dt) values ('2024-02-29 10:00') returning dt
insert into a (dt) values (timestamp '2024-05-06 07:08:09') returning dt
insert into a (t) values ('2024-01-01 12:00:00+05:30') returning t
insert into a (t) values (date '2024-03-04') returning t
insert into a (f) values ('nan'), ('infinity'), (1e10), (3) returning f
insert into a (r) values (0.1) returning r
insert into a (by) values ('abc'), ('\xdeadBEEF') returning by
insert into a (c) values ('a'), ('abc') returning c = 'a  ', length(c)
insert into a (c) values ('abcd')
insert into a (zz) values (1)
insert into a (n, n) values (1, 2)
insert into a (n) values (1, 2)
insert into a (n, s) values (1)
insert into a (n) select 1, 2
insert into a (n) select 'x'
insert into a (n) select '7' returning n
insert into a (n) select s from a
insert into a (n, s) select id + 100, s from a where id <= 2 returning id > 10, n, s
insert into nope values (1)
insert into a default values returning n, s
insert into a (n) values (default) returning n
insert into a (id) values (default) returning id > 5
insert into a (n) values ((select max(id) from a where id < 3)) returning n
insert into a (n) values (1/0)
insert into a (id, n) values (1, 9) on conflict do nothing
insert into a (id, n) values (1, 9) on conflict (id) do nothing returning id
insert into a (id, n) values (1, 9) on conflict (id) do update set n = a.n + excluded.n returning id, n
insert into a (id, n) values (1, 9), (1, 10) on conflict (id) do update set n = 1
insert into a (id, n) values (1, 9) on conflict (n) do nothing
insert into a (id, n) values (1, 9) on conflict (id) do update set n = excluded.n where a.n > 100 returning id
insert into a (id, n) values (1, 9) on conflict on constraint a_pkey do update set n = default returning n
insert into a (id, n) values (1, 2000) on conflict (id) do update set n = 1
insert into a (id) values (1) on conflict do update set n = 1
insert into a (id, n) values (1, 9) on conflict (id) do update set n = nope
update a set n = n + 1 where id in (1, 2) returning id, n
update a set n = 5000 where id = 1
update a set n = null, s = default where id = 1 returning n, s
update a set (n, s) = (8, 'q') where id = 1 returning n, s
update a set (n, s) = (select 9, 'w') where id = 1 returning n, s
update a set (n, s) = (select 9, 'w' from a where false) where id = 1 returning n, s
update a set (n, s) = (1, 2, 3)
update a set n = 1, n = 2
update a set nope = 1
update a set n = s
update a set s = n where id = 2 returning s
update a set id = null
update a set id = 2 where id = 1
update a as x set n = y.n from a as y where y.id = 2 and x.id = 1
update a set n = v.k from (values (1, 77)) as v (id, k) where v.id = a.id
update a x set n = x.n + 1 where a.id = 1
update a set n = 3 where id = 1 and s = 1
update a set d = 5.555, f = 'nan' where id = 1 returning d, f
update a set n = (select count(*) from a b where b.id < a.id) where id <= 2 returning id, n
delete from a where id = 2 returning id, s
delete from a where nope
delete from a where s
delete from a using (values (1), (3)) v (k) where a.id = v.k returning a.id, v.k
delete from nope
create table p (id int primary key, x text)
create table q (id int primary key, p int references p on delete cascade, o int references p (id) on delete set null)
insert into p values (1, 'a'), (2, 'b'), (3, 'c')
insert into q values (1, 1, 2), (2, 2, null), (3, null, 3)
insert into q values (4, 9, null)
update q set p = 10 where id = 1
update p set id = 20 where id = 2
delete from p where id = 3
select * from q order by id
delete from p where id = 1
select * from q order by id
drop table p
truncate p
create table r (id int references p (x))
create table r (id text references p (id))
create table r (id int references nope)
create table r (a int, b int, unique (a, b), check (a < b))
insert into r values (1, 2), (1, null), (1, null)
insert into r values (1, 2)
insert into r values (2, 1)
insert into r values (null, 1) returning *
alter table r add column c int not null default 4
select * from r order by a, b
alter table r add column c int
alter table r add column e int not null
alter table r alter column a set not null
alter table r alter b type bigint
alter table r drop column nope
alter table r rename column c to cc
alter table r add constraint big check (cc > 3)
alter table r add constraint bigger check (cc > 4)
insert into r values (5, 6, 3)
alter table r drop constraint big
insert into r values (5, 6, 3) returning *
alter table r drop constraint big
alter table r alter cc drop default
insert into r values (7, 8)
alter table r alter cc drop not null
insert into r values (7, 8) returning *
alter table r rename to rr
select count(*) from r
select count(*) from rr
create view v as select a, b from rr where a is not null
select * from v order by a
create view v as select 1
create or replace view v as select a, b, cc from rr
drop table rr
drop view v
drop view v
drop view if exists v
drop table v
create table s1 (id int generated always as identity, x int generated by default as identity (start 100 increment 10), y int)
insert into s1 (y) values (1), (2) returning *
insert into s1 (id) values (9)
insert into s1 (id) overriding system value values (9) returning *
insert into s1 (x) values (9) returning *
insert into s1 (id, x) overriding user value values (77, 78) returning *
update s1 set id = 3
truncate s1 restart identity
insert into s1 (y) values (1) returning *
merge into s1 t using (values (1, 5), (2, 6)) s (id, y) on t.id = s.id when matched then update set y = s.y when not matched then insert (y) values (s.y * 10)
select id, y from s1 order by id
merge into s1 t using (values (1), (1)) s (id) on t.id = s.id when matched then delete
create table s1 (a int)
create table if not exists s1 (a int)
create table bad (a int, a int)
create table bad (a int primary key, b int primary key)
create table bad (a int default 'x')
create table bad (a int check (a))
create table bad (a int check (b > 1))
create table bad (a serial default 4)
drop table if exists bad
drop table bad
create schema z
create schema z
create table z.t (a int)
insert into z.t values (1) returning *
select * from t
drop schema z
drop schema z cascade
drop schema z
create table y.t (a int)
begin
insert into s1 (y) values (3) returning y
savepoint k
insert into s1 (y) values ('q')
select 1
rollback to k
release k
release k
select 1
rollback
rollback to x
commit
savepoint x
create table ca as select id, y as yy from s1
select * from ca order by id
create table cb (i, j) as values (1, 'x'), (2, null)
select * from cb order by i
comment on table cb is 'x'
comment on column cb.i is 'x'
comment on column cb.nope is 'x'
insert into cb select i + 1, j from cb
select count(*), sum(i) from cb
with w as (select 1 as i) insert into cb select i, 'w' from w returning *
with w as (select max(i) as m from cb) update cb set j = 'm' from w where cb.i = w.m
with w as (select min(i) as m from cb) delete from cb using w where cb.i = w.m
select * from cb order by i, j
create table nz (k int, f float8, r real)
insert into nz values (1, -0.0, -0.0), (2, '-0.0', '-0'), (3, -0.0::float8, -0), (4, 0.0 * -1, - 0.0), (5, -(0.0), -0e0)
insert into nz select 6, -0.0, '-0'::real
update nz set f = -0.0 where k = 3
update nz set f = '-0' where k = 5
select k, f::text, r::text from nz order by k
delete from nz where f in (-0.0, 1) and f::text = '-0' returning k
create table jd (k int, j jsonb, t json)
insert into jd values (1, '{"bb": 1.0, "a": 1e2, "c": 1.50, "aaa": null, "a": 7}', '{"b":1.50,"a":1e2}'), (2, '[1.0, 1e2, 1E-3, 12345678901234567890.123456789, -0.0, 0.10]', '[1E2,0.10]'), (3, '1.00', '1.00')
insert into jd select 4, '{"z": {"y": 1.10, "x": [1.00]}}'::jsonb, '{"z":{"y":1.10,"x":[1.00]}}'::json
select k, j::text, t::text from jd order by k
update jd set j = '{"b": 2.50}', t = '2.50' where k = 1 returning j::text, t::text
update jd set j = j || '{"c": 1.00}' where k = 1 returning j::text
update jd set j = jsonb_set(j, '{z,y}', '3.0') where k = 4 returning j::text
select j ->> 'b', j ->> 'c', j #>> '{z,x,0}', t -> 'z', t #>> '{z,x,0}', j = '{"b": 2.5, "c": 1}' from jd order by k
select k from jd where j = '1' or j @> '[0.1]' order by k
insert into jd (k, j) values (5, '{"a": 1e400}')
select j ->> 'a' = rpad('1', 401, '0') from jd where k = 5
insert into jd (k, j) values (6, '{"a": NaN}')
insert into jd (k, t) values (6, '{"a": 01}')
insert into jd (k, j) values (6, '"\u0000"')
create table mo (k serial, d date, t timestamp, z timestamptz, u uuid)
insert into mo (d, t, z) values ('329-01-01', '329-01-01', '329-01-01'), ('1-1-1', '2024-1-2', 'Jan 5, 2024') returning d, t, z
insert into mo (d, t, z) values ('5 Jan 2024 10:11 PM', '5 Jan 2024 10:11 PM', '5 Jan 2024 10:11 PM PST') returning d, t, z
insert into mo (t, z) values ('2024-01-01 24:00:00', '2024-01-01 10:00:60'), ('2024-01-02 03:04:05.1234567', '2024-01-02 03:04:05.9999999') returning t, z
insert into mo (z) values ('2024-03-10 02:30 America/New_York'), ('2024-11-03 01:30 America/New_York'), ('2024-07-01 12:00 america/new_york'), ('2024-07-01 12:00 Europe/Berlin') returning z
insert into mo (z) values ('2024-03-10 02:30 Nowhere/Town')
insert into mo (d) values ('99-01-01')
insert into mo (d) values ('2024-02-30')
insert into mo (t) values ('2024-01-01 25:00')
insert into mo (t) values ('yesterdayish')
insert into mo (d) values ('J2451187'), ('2024.001'), ('20240102'), ('01/02/2024') returning d
insert into mo (u) values ('{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'), ('A0EEBC999C0B4EF8BB6D6BB9BD380A11') returning u
insert into mo (u) values ('urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
insert into mo (u) values ('{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
create table tc1 (id int primary key, n int)
create table tc2 (id serial primary key, p int references tc1, q int references tc2)
create table tc3 (id int primary key, p int references tc2)
insert into tc1 values (1, 1), (2, 2)
insert into tc2 (p) values (1), (2)
insert into tc3 values (1, 1), (2, 2)
truncate tc1
truncate tc2
truncate tc1 cascade
select (select count(*) from tc1), (select count(*) from tc2), (select count(*) from tc3)
insert into tc3 values (1, 1)
insert into tc1 values (1, 1)
insert into tc2 (p) values (1) returning id
insert into tc3 values (3, 3)
truncate tc2 restart identity cascade
select (select count(*) from tc1), (select count(*) from tc2), (select count(*) from tc3)
insert into tc2 (p) values (1) returning id
truncate tc3 cascade
