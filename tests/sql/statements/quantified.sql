select id from users where age = any ('{18,25}'::int[]) order by id

select id from users where age <> all (array[18, 25]) order by id

select id from users where id = any (array[1, 2, null]) order by id

select id from users where id <> all (array[1, null]::bigint[]) order by id

select 1 = any (array[1, null]), 2 = any (array[1, null]), 2 = any ('{}'::int[]), 2 = all ('{}'::int[]), null = any (array[1]), 1 = any (null::int[])

select 3 > any (array[1, 5]), 3 > all (array[1, 5]), 3 >= all (array[1, 3]), 3 < some (array[4])

select id from gens where 'x' = any (tags) order by id

select id from gens where 'x' <> all (tags) order by id

select id from users where name like any (array['A%', '%o%']) order by id

select id from users where name not like all (array['A%', '%o%']) order by id

select id from users where name ilike any ('{a%,B%}') order by id

select id from users where id = any ('{1,2,3}') order by id

select 1 = any (3)

select id = any (name) from users

select id from users where id in (1, 2, 3) order by id

select id from users where id not in (1, 2, null)

select id from users where id in ('1', '2') order by id

select id from users where age in (18, 25.0, 32.5) order by id

select id from users where name in ('Ada', 'bob') order by id

select id from users where id in (1, 'x')

select id from users where id in (1, true)

select 1 in (1, 2), 1 in (2, null), 1 not in (2, null), null in (1), 1 not in (1, null)

select id from gens where rating between 2 and 4 order by id

select id from gens where rating between 4 and 2 order by id

select id from gens where rating between symmetric 4 and 2 order by id

select id from gens where rating not between symmetric 4 and 2 order by id

select id from gens where rating not between 2 and 4 order by id

select 2 between 1 and null, 0 between 1 and null, 2 not between null and 1, 1 between symmetric null and 2, 5 between symmetric 6 and 4

select name from users where name similar to '(A|B)%' order by id

select 'abc' similar to 'abc', 'abc' similar to 'a', 'abc' similar to '%(b|d)%', 'abc' similar to '_b_', 'abc' not similar to '(b|c)%', 'a.c' similar to 'a.c', 'abc' similar to 'a.c'

select 'a%c' similar to 'a#%c' escape '#', 'abc' similar to 'a[a-c]c', 'aaa' similar to 'a{3}', 'aab' similar to 'a+b?', null similar to 'a'

select name from users where name like 'a%' or name like '%\_%' or name like '%!%%' escape '!' order by id

select 'abc' like 'a_c', 'abc' like 'A%', 'abc' ilike 'A%', 'a\c' like 'a\\c', 'a%' like 'a\%', 'ab' like 'a\%', 'é' like '_', null like 'a', 'a' like null

-- refused: Like pattern must not end with escape character!
select 'abc' like 'abc\'

select 'a%c' like 'a!%c' escape '!', 'abc' like 'a!%c' escape '!', 'a\c' like 'a\c' escape ''

select 'abc' not like 'a%', 'abc' not ilike 'B%'

select id from users where id is not distinct from 3 or age is distinct from 18 order by id

select id from users where active is true order by id

select id from users where active is not true order by id

select id from users where active is unknown or (age > 30) is false order by id

select id from users where active order by id

select id from users where not active order by id

select id from users where age is null or name is null order by id

select nullif(1, 1), nullif(1, 2), nullif('a', 'b'), nullif(null, 1), coalesce(null, null, 5), coalesce(null, 'x'), greatest(1, null, 3), least(2, null), greatest(null, null)

select coalesce(age, 0) + 1, greatest(age, 30), least(name, 'b') from users order by id

select greatest(1, 2.5), least('2026-01-01', date '2026-02-01'), greatest('a', 'B', 'b')

select case when age > 40 then 'old' when age > 25 then 'mid' else 'new' end, case age when 18 then 'x' when 25 then 'y' end from users order by id

select case 1 when 1 then 'a' else 'b' end, case when null then 1 else 2 end, case when true then 1 else 2.5 end, case null when null then 1 end

select case when true then 1 else 'x' end

select case when 1 then 2 end

select case 'a' when 1 then 2 end

select true and null, false and null, true or null, false or null, not null, null and false, (null = null) is null

select 1 where null

select 1 where 'true'

select 1 where 'x'

select 1 where 1

select id from users where age

select id from users where name

select not 1

select 1 and true

select 1 = '1', '1' = 1, '5' + 3, 1 = 'x'

select 1 < 'x'

select 1 = true

select 'a' = 'a', 'a' < 'B', 'a' || 'b' || null, 1 || 'a', 'a' || 1, 'x' || true

select 1 || 2

select date '2026-01-01' < '2026-01-02', '2026-01-01' = date '2026-01-01', date '2026-01-01' = timestamp '2026-01-01', date '2026-01-01' < timestamptz '2026-01-02 00:00+00'

select - 5, + 5, -(-5), - 2.5, -(3 - 4), 2 - -2

select -name from users

select name + 1 from users

select id || name from users where id < 3 order by id

select name || age || active from users order by id

select 5 != 4, 5 <> 5, 2 + 3 * 4, (2 + 3) * 4, 7 / 2, -7 / 2, 7 % -3, 2.0 * 3, 10 - 2 - 3
