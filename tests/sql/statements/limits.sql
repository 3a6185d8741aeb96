select id from users order by id limit 3

select id from users order by id limit 0

select id from users order by id limit all

select id from users order by id limit null offset 9

select id from users order by id offset 10

select id from users order by id limit 2 offset 3

select id from users order by id limit 1 + 1

select id from users order by id limit (select 2)

select id from users order by id limit '2'

select id from users order by id limit 2.4

select id from users order by id limit -1

select id from users order by id offset -1

select id from users order by id limit 'x'

select id from users order by id limit id

select id from users order by id limit true

-- parameters: [3]
select id from users order by id limit $1

-- parameters: [2, 4]
select id from users order by id limit $1 offset $2

-- parameters: [null]
select id from users order by id limit $1

-- parameters: ["2"]
select id from users order by id limit $1

-- parameters: [-2]
select id from users order by id limit $1

select id from gens order by rating desc nulls last fetch first 3 rows with ties

select count(*) from (select age from users order by age is null fetch first 2 rows with ties) t

select id from gens order by id offset 5 rows fetch next 3 rows only

select id from gens order by id fetch first row only

select id from users fetch first 3 rows with ties

select id % 3 m from users order by m offset 1 fetch first 2 rows with ties

select m from (select id % 3 m from users order by m fetch first 5 rows with ties) t order by m

select id from users order by id fetch first 0 rows only

select id from users order by id fetch first (1 + 2) rows with ties

select model, count(*) from gens group by model order by count(*) desc fetch first 1 rows with ties

select id from users order by id for update

select id from users order by id for share of users

select id from users u order by id for update of u nowait

select id from users for update of nope

select count(*) from users for update

select id from users order by age

select age from users order by age desc

select rating from gens order by rating nulls first

select rating from gens order by rating desc

select quality from gens order by quality

select quality from gens order by quality desc

select quality from gens order by quality desc nulls last

select name from users order by name

select name from users order by name desc nulls last

select id, name n from users order by n, id

select id x from users order by -id limit 3

select id x from users order by -x limit 3

select id x, age id from users order by id, x

select name from users order by lower(name), id

select id from users order by 1 desc

select id from users order by 2

select id from users order by 0

select id from users order by 'x'

select id from users order by 1.5

select id from users order by null, id

select id, id from users order by id limit 2

select id a, age a from users order by a

select model from gens order by rating desc nulls last, id limit 5

select *, id * 2 d from (select id from users) t order by d desc limit 2

select id from users order by active, age nulls first, id

select id from users order by id using <

select id from users order by id using >

select preview from gens order by preview, id

select active from users order by active

select u from events order by u

select ts from events order by ts desc

select small, f4 from events order by small, f4

select joined from users order by joined

select price from gens order by price

select id from users order by age > 30, id

select 1 order by 1

select 1 limit 1 offset 1

select id from users order by (select 1), id limit 2

select id from users where id = 1 order by nope

select || true

select ->> 'a'

select / 2

select -1, + 2, ~ 3

select id from users order by current_schema, id limit 2

select distinct on (current_schema) id from users order by current_schema, id

select array_agg(distinct 'x'::text), string_agg(distinct 'x', ',') from users

select cosd('nan'), sind('nan'), tand('nan')

select '1 day'::interval / 'nan'::float8

select '1 day'::interval / 1e-300

select setseed('nan'::float8)

select 'infinity'::timestamp::time, '-infinity'::timestamptz::time

select '5000000-01-01'::date + '178000000 years'::interval

-- refused: a difference of more than 292,000 years
select '4713-01-01 BC'::timestamp - '290000-01-01'::timestamp

-- refused: no value of Python
select '178000000 years'::interval

select 99999999999::numeric::int, 1
