create table v (id bigint primary key, e vector(3), h halfvec(2))
insert into v values (1, '[1,2,3]', '[1,2]'), (2, '[4,5,6]', null), (3, null, '[0.1,0.2]') returning id, e, h
insert into v values (4, '[1,2]', null)
insert into v values (4, '[1,2,nan]', null)
insert into v values (4, '[1,2,x]', null)
insert into v values (4, '1,2,3', null)
insert into v values (4, null, '[1,70000]')
insert into v values (4, '[1e39,0,0]', null)
insert into v (id, e) values (5, array[1,2,3])
insert into v (id, e) values (6, array[1,2])
insert into v (id, e) values (6, 7)
insert into v (id, h) select id + 10, h from v where h is not null returning id, h
insert into v (id, e) select 20, e + '[1,1,1]' from v where id = 1 returning e
insert into v (id, e) select 21, h::vector from v where id = 1
update v set e = '[7,8,9]' where id = 2 returning e
update v set e = e * '[2,2,2]' where e <-> '[1,2,3]' < 1 returning id, e
update v set e = '[1]' where id = 2
update v set h = e where id = 1
update v set h = '[9,9]' where id = 1 returning h
update v set e = null where id = 5
insert into v values (1, '[0,0,1]', null) on conflict (id) do update set e = excluded.e returning id, e, h
insert into v values (1, '[0,0]', null) on conflict (id) do update set e = excluded.e
insert into v values (1, '[0,0]', null) on conflict (id) do nothing
delete from v where e <=> '[0,0,1]' < 0.01 returning id
delete from v where e <-> '[1,2]' < 1
delete from v where e = '[7,8,9]' returning id
select id, e, h from v order by id
alter table v add column w vector(2) default '[5,6]'
alter table v add column x vector(2) default '[5,6,7]'
select id, w from v order by id
create table v2 (e vector(2) not null, f vector(2) check (f <-> '[0,0]' < 10))
insert into v2 values (null, '[1,1]')
insert into v2 values ('[1,1]', '[100,100]')
insert into v2 values ('[1,1]', '[1,1]')
select e <-> f from v2
create table v3 (e vector(0))
create table v4 (e vector(3,4))
create table v5 as select id, e from v where e is not null
truncate v2
select count(*) from v2
drop table v2
