select ID, NAME as UserName, name as "UserName" from USERS where Id = 1

select "Id" from labeled order by k

select "Full Name", l."select" from labeled l order by k

select * from labeled order by k

select "id" from users where id = 1

select "ID" from users

select labeled."Full Name" as "x y", k "K" from labeled order by k

select u.*, 1 as "select" from users u where u.id = 1

select count(*) "Cnt", count(*) cnt from users

select public.users.id from public.users where public.users.id = 1

select users.id from public.users where id = 1

select u.id from public.users as u where u.id = 1

select id from nope.users

select nope.users.id from users

select id from nope

select id from "Users"

select 1 as a, 2 as a

select 1 a, 2 "A", 3 as "a b"

select a."A" from (select 1 a, 2 "A") a

select 1, 'x', null, true, 1.5

select 1 + 1, -id, id + 1, not active from users where id = 1

select upper('x'), lower(name), count(*) from users group by name having name = 'bob'

select '1'::int, 1::text, '2026-01-01'::date, 1::numeric(5, 2), id::text, (id + 1)::text from users where id = 1

select cast(1 as bigint), cast(id as text), cast('x' as text) as y from users where id = 1

select int '5', date '2026-01-01', interval '1 day', timestamp '2026-01-01 10:00'

select case when true then 1 end, case when true then id else age end, case when true then 1 else 2 end from users where id = 1

select coalesce(1), greatest(1), least(1), nullif(1, 2), array[1]

select exists (select 1), (select 1), (select 1 as z), (select id from users where id = 1), array(select 1), 1 in (select 1)

select current_date is not null, current_date = current_date

select 1 in (1), 1 between 0 and 2, 'a' like 'a', null is null, true is true, 1 = any (array[1])

select tags[1], (tags)[1:2], meta->'lvl', meta['lvl'] from users where id = 2

select (array[1])[1], ('{"a": 1}'::jsonb)['a']

select name collate "C" from users where id = 1

select name::varchar(2), name::char(3), 'abc'::varchar from users where id = 1

select sum(id), avg(id), min(id) as m from users

select row_number() over (order by id), sum(id) over () from users where id < 2

select extract(year from date '2026-01-01'), date_part('year', date '2026-01-01')

select trim(' x '), substring('abc' from 2), position('b' in 'abc'), overlay('abc' placing 'x' from 2)

select '2026-01-01'::timestamp at time zone 'UTC'

select x.y from (select 1 as y) as x

select x from (select 1 as y) as x(x)

select t.a from (values (1)) t(a), (values (2)) s(b) where t.a < s.b

select u.id as name from users u order by name limit 2

select id as "order", name as "group" from users order by "order" limit 1

select 1 as "a""b", 'it''s' as "it's"

select 'a' 'b'

select 'a'
'b'

select E'a\nb\t\\', U&'\0041', $$dollar ' $$, $x$ $$ $x$

select 1 -- a comment

select /* a /* nested */ one */ 1

select 1

select idd from users

select userz.id from users

select users.idd from users

select id from users where idd = 3

select id, , name from users

select id from

selec 1

select 'unterminated

select "unterminated

select é, 猫, nope from users

select 'é' || 猫 from users

select id from users where name = 'é' and nope = 1

select f(1) from users where

select 1 from users group by id order by

select count(nope) from users

-- refused: function nope() is not supported
select nope(1)

-- refused: type nope is not supported
select 'x'::nope

select abs()

select abs('x', 1)

select upper(1, 2, 3)

select users.* from gens

select nope.* from users

select * from users u where users.id = 1

select *

select u.id from users u where u.id = 1 and exists (select 1 from users where u.id = users.id)

select $$a$$ || $$b$$ as c, 1e3, 1.5e-3, .5, 5., 0.0

select 9223372036854775807, 9223372036854775808, 2147483648, 2147483647, 123456789012345678901234567890

select true, false, TRUE, 'yes'::bool, null::bool, not true

select current_user is not null, session_user = current_user, current_schema, current_catalog is not null

select current_timestamp is not null, localtimestamp is not null, localtime is not null

-- refused: time with time zone
select current_time is not null
