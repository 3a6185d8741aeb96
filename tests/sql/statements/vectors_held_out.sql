select label, min(e <-> '[0,0,0]'), max(e <=> '[1,0,0]'), avg(e <#> '[1,1,1]') from items group by label order by label

select label, avg(e)::text from items where e is not null group by label having count(*) > 1 order by label

select id, rank() over (order by e <-> '[1,2,3]') from items where e is not null order by 2, 1

select id, row_number() over (partition by label order by e <-> '[1,2,3]', id) from items order by id

select id, lag(e) over (order by id) from items order by id limit 4

with q as (select e from items where id = 2) select i.id, i.e <-> q.e from items i, q order by 2 nulls last, 1

select distinct on (label) label, id from items order by label, e <-> '[2,2,2]', id

select i.id, n.id from items i cross join lateral (select id from items j where j.id > i.id order by j.e <-> i.e, j.id limit 1) n where i.e is not null order by 1, 2

select count(*) from items where e <-> (select avg(e) from items) < 100

select exists (select 1 from items where e <-> '[1,2,3]' = 0)

select id from items where e = any (array['[1,2,3]'::vector, '[0,0,0]']) order by id

select id from items where (e <-> '[1,2,3]') between 1 and 4 order by id

select id from items order by 1 - (e <=> '[1,2,3]') desc nulls last, id limit 5

select id from items order by (e <#> '[1,2,3]') * -1 desc nulls last, id limit 5

select id from items order by -(e <-> '[1,2,3]'), id limit 3

select id from items where label = 'a' order by e <-> '[1,2,3]' limit 2

select id from items where e is not null order by e <-> '[0,0,0]' limit 0

select id from items where label is null order by e <=> '[3,2,1]', id

select id, round((e <-> '[1,2,3]')::numeric, 4) from items where id < 4 order by id

select sum(w) from items where label = 'zzz'

select avg(e) from items where id in (4, 9)

select e from items where id = 4

select (select e from items where id = 1) <-> (select e from items where id = 2)

select (select e from items where id = 1) + (select e from items where id = 2)

select vector_norm(e), l2_norm(h), l2_normalize(e) from items where id in (1, 3, 4) order by id

select pg_typeof(e), pg_typeof(h), pg_typeof(e <-> e) from items limit 1

select pg_typeof('[1]'::vector + '[1]'), pg_typeof(avg(e)), pg_typeof(vector_dims(max(e))) from items

select e::halfvec::vector - e from items where id in (1, 10) order by id

select h::vector <-> e from items where e is not null and h is not null order by id

select cast(e as text) like '[1%' from items where id < 4 order by id

select '[1,2,3]' <-> e from items where id < 4 order by id

select '[1,2,3]' = e from items where id < 4 order by id

select e in ('[1,2,3]') from items order by id

select e = null, e is distinct from null from items where id in (1, 4) order by id

select nullif(e, '[1,2,3]') from items where id < 3 order by id

select e < '[1,2,3]', e >= w from items where id < 3 order by id

select e <-> '[1,2,3]'::text from items where id = 1

select e <-> null from items where id = 1

select e <-> '' from items where id = 1

select e <-> 'abc' from items where id = 1

select e + 1 from items where id = 1

select e * 2.0 from items where id = 1

select sum(e <-> '[1,2]') from items

select l2_distance(e, w) from items where id = 1

select l2_distance(e, h) from items where id = 1

select vector_dims(1)

select vector_dims('x')

select vector_dims('[1,2]')

select '[1,2]'::vector(2)::vector(3)

select e::vector(2) from items where id = 1

select e::vector(3) = e from items where id = 1

select '[1,2,3]'::vector::halfvec(2)

-- refused: a function behind a cast, which is there
select array_to_vector(array[1,2,3], 3, false)

select '[1.17549435e-38]'::vector, '[3.4028235e38]'::vector, '[-3.4028235e38]'::vector

select '[3.4028236e38]'::vector

select '[3.5e38]'::vector

select E'[1,\t2,\n3]'::vector

select '[+1,-1,+.5,-.5]'::vector

select '[--1]'::vector

select '[1e]'::vector

select '[1.2.3]'::vector

select '[1;2]'::vector

select '[[1,2]]'::vector

select '[1,2]'::vector::jsonb

select jsonb_build_object('v', '[1,2]'::vector::text)

select to_jsonb('[1,2]'::vector::real[])

select unnest('[1,2]'::vector::real[])

select generate_series(1, 2), '[1,2]'::vector

values ('[1,2]'::vector), ('[3,4]')

select v <-> '[1,1]' from (values ('[1,2]'::vector), ('[3,4]')) t (v) order by 1 desc

select e from items where id = 1 union all select e from items where id = 2

select e from items where id < 3 intersect select e from items where id > 3

select e from items except select e from items where id > 2

select a.e from items a join items b using (e) where a.id < b.id order by 1

select count(*) from items a join items b on a.e = b.e

select h + h, h * h from items where id = 5

select h <-> e from items where id = 1

select max(h), min(h) from items where id <> 7

select id from items where h = '[1,2,3]' order by id

select id from items where h in ('[1,2,3]', '[0,0,0]') order by id

-- parameters: ["[3,2,1]", 2]
select id from items where e <-> $1 < $2 order by id

-- parameters: [[1, 2, 3]]
select id from items order by e <-> $1::real[]::vector, id limit 2

-- parameters: [null]
select id, e <-> $1 from items where id = 1
