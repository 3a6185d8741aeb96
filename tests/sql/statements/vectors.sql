select '[1,2,3]'::vector, '[1,2,3]'::vector(3), vector '[1,2,3]', cast('[1,2,3]' as vector(3))

select ' [ 1 , 2.5 ,  -3e2 ] '::vector, '[1.,.5,+2]'::vector, '[1e-3,1E3,-0]'::vector

select '[0.1,1.23456789,1e10,1e-10,123456789,16777217]'::vector, '[0.1,100000,1000000,1e15,1e16]'::vector::text

select '[1,2,3]'::halfvec, '[0.1,1.23456789,1000,65504]'::halfvec, '[1,2]'::halfvec(2), halfvec '[3,4]'

select '[1,2,3]'::vector::halfvec, '[1,2,3]'::halfvec::vector, '[1,2,3]'::vector::halfvec(3)

select '[1,2,3]'::vector::real[], '[1.5,2]'::halfvec::real[], array[1,2,3]::vector, array[1.5,2.5]::vector(2), array[1,2]::real[]::vector

select array[1,2,3]::halfvec, array[1.5,2.5]::numeric[]::vector, array[1,2]::double precision[]::vector

select '[1,2,3]'::vector <-> '[3,2,1]', '[1,2,3]'::vector <=> '[3,2,1]', '[1,2,3]'::vector <#> '[3,2,1]', '[1,2,3]'::vector <+> '[3,2,1]'

select '[1,2,3]'::halfvec <-> '[3,2,1]', '[1,2,3]'::halfvec <=> '[3,2,1]', '[1,2,3]'::halfvec <#> '[3,2,1]', '[1,2,3]'::halfvec <+> '[3,2,1]'

select l2_distance('[0,0]'::vector, '[3,4]'), cosine_distance('[1,2]'::vector, '[2,4]'), inner_product('[1,2]'::vector, '[3,4]'), l1_distance('[0,0]'::vector, '[3,4]')

select l2_distance('[0,0]'::halfvec, '[3,4]'), cosine_distance('[1,2]'::halfvec, '[2,4]'), inner_product('[1,2]'::halfvec, '[3,4]'), l1_distance('[0,0]'::halfvec, '[3,4]')

select l2_distance('[0,0]', '[3,4]')

select vector_dims('[1,2,3]'::vector), vector_dims('[1]'::halfvec), vector_norm('[3,4]'::vector), l2_norm('[3,4]'::halfvec), vector_norm('[0,0]'::vector)

select l2_normalize('[3,4]'::vector), l2_normalize('[3,0]'::halfvec), l2_normalize('[0,0]'::vector)

select subvector('[1,2,3,4,5]'::vector, 1, 3), subvector('[1,2,3,4,5]'::vector, 3, 9), subvector('[1,2,3,4,5]'::vector, -1, 3)

select subvector('[1,2,3]'::vector, 3, 0)

select subvector('[1,2,3]'::vector, 4, 1)

select subvector('[1,2,3]'::halfvec, 2, 2)

select '[1,2]'::vector + '[3,4]', '[1,2]'::vector - '[3,4]', '[1,2]'::vector * '[3,4]', '[1,2]'::halfvec + '[3,4]', '[1,2]'::halfvec - '[3,4]', '[1,2]'::halfvec * '[3,4]'

select '[1,2]'::vector || '[3,4]'::vector

select '[3e38]'::vector + '[3e38]'

select '[1e37]'::vector * '[1e37]'

select '[1e-37]'::vector * '[1e-37]'

select '[65504]'::halfvec + '[65504]'

select '[1,2]'::vector + '[3]'

select '[1,2]'::vector <-> '[3]'

select '[1,2]'::vector <=> '[3]'

select '[1,2]'::vector <#> '[3,4,5]'

select '[1,2]'::halfvec <-> '[3]'

select l2_distance('[1,2]'::vector, '[3]')

select '[1,2]'::vector = '[1,2]', '[1,2]'::vector = '[1,3]', '[1,2]'::vector <> '[1,2]', '[1,2]'::vector < '[1,3]', '[1,2]'::vector < '[1]', '[1,2]'::vector > '[1]', '[1]'::vector <= '[1,2]', '[2]'::vector >= '[1,2]'

select '[1,2]'::halfvec = '[1,2]', '[1,2]'::halfvec < '[1,3]', '[1,2]'::halfvec > '[1]', '[0]'::vector = '[-0]'

select '[1,2,3]'::vector(2)

select '[1,2,3]'::halfvec(2)

select '[1,2,3]'::vector::vector(2)

select array[1,2,3]::vector(2)

select '[1,2,3]'::vector(0)

select '[1,2,3]'::vector(16001)

select '[1,2,3]'::vector(-1)

select '[1,2,3]'::vector(3,3)

select '[1,2,3]'::vector('x')

select '[]'::vector

select '[ ]'::vector

select ''::vector

select '   '::vector

select '1,2'::vector

select '[1,2'::vector

select '1,2]'::vector

select '[1,2]x'::vector

select '[1,2]]'::vector

select '[1,,2]'::vector

select '[1,2,]'::vector

select '[,1]'::vector

select '[1 2]'::vector

select '[a]'::vector

select '[1,a]'::vector

select '{1,2}'::vector

select '(1,2)'::vector

select '[1_0]'::vector

select '[0x10]'::vector

select '[NaN,1]'::vector

select '[nan]'::halfvec

select '[Infinity]'::vector

select '[-inf,1]'::vector

select '[infinity]'::halfvec

select '[1e39]'::vector

select '[-1e400]'::vector

select '[1e-46]'::vector

select '[70000]'::halfvec

select '[65519]'::halfvec

select '[65520]'::halfvec

select '[1e-9]'::halfvec

select '[70000]'::vector::halfvec

select array['NaN']::real[]::vector

select array['inf']::double precision[]::vector

-- refused: a numeric of 40 digits
select array[1e39]::double precision[]::vector

select array['1e39']::double precision[]::vector

select array[1,null]::vector

select array[]::integer[]::vector

-- refused: arrays of arrays
select array[[1,2],[3,4]]::vector

-- refused: bit
select binary_quantize('[1,-2]'::vector)

select '[1,2]'::halfvec || '[3]'::halfvec, '[1]'::vector || '[2]'

-- refused: vectors of few elements that are not 0
select '{1:1,3:2}/5'::sparsevec

select '[1e-4]'::halfvec * '[1e-4]'

select '[1e-5]'::halfvec * '[1e-5]'

select '[0]'::vector * '[1e-37]', '[300]'::halfvec - '[0.0001]'

select sum(h) from items where id <> 7

select avg(h), sum(h) from items where false

select null::vector <-> '[1,2]', '[1,2]'::vector <=> null, null::vector + '[1]', vector_dims(null::vector), vector_norm(null::vector), null::halfvec

select '[0,0]'::vector <=> '[1,2]', '[0,0]'::vector <=> '[0,0]', '[0,0]'::vector <-> '[0,0]', '[0,0]'::vector <#> '[1,2]', '[0,0]'::halfvec <=> '[1,2]'

select '[1,2]'::vector <=> '[1,2]', '[1,2]'::vector <=> '[-1,-2]', '[1,0]'::vector <=> '[0,1]', '[1e-30]'::vector <-> '[0]'

-- differs: pgvector adds up squares in float32, where these are 0
select '[1e-30,0]'::vector <=> '[1e-30,0]'

-- differs: pgvector adds up squares in float32, where these are infinite
select '[3e38]'::vector <=> '[3e38]'

-- differs: pgvector adds up squares in float32, where these are infinite
select '[3e38,3e38]'::vector <-> '[-3e38,-3e38]'

-- differs: pgvector adds up products in float32, where these are infinite
select '[3e38]'::vector <#> '[3e38]'

select '[1,2]'::vector <-> '[1,2]'::halfvec

select '[1,2]'::halfvec <-> '[1,2]'::vector

select '[1,2]'::vector <-> array[1,2]

select array[1,2]::real[] <-> '[1,2]'::vector

select '[1,2]'::vector <-> 1

select '[1,2]'::vector <-> 'x'

select id, e <-> '[1,2,3]', e <=> '[1,2,3]', e <#> '[1,2,3]', e <+> '[1,2,3]' from items order by id

select id, h <-> '[1,2,3]', h <=> '[1,2,3]', h <#> '[1,2,3]', h <+> '[1,2,3]' from items order by id

select id from items order by e <-> '[1,2,3]', id limit 5

select id, e from items order by e <-> '[3,3,3]', id

select id from items order by e <-> '[3,3,3]' desc, id limit 4

select id from items order by e <-> '[3,3,3]' desc nulls last, id limit 4

select id from items order by e <=> '[1,1,0]', id limit 6

select id from items order by e <=> '[1,1,0]', id

select id from items order by e <=> '[1,1,0]' desc, id

select id from items order by e <=> '[0,0,0]', id

select id from items order by e <#> '[1,1,1]', id limit 3

select id from items order by h <-> '[1,2,3]', id limit 5

select id from items order by w <-> '[1,2]', id offset 2 limit 3

select id, e from items order by e, id

select id, e from items order by e desc nulls last, id limit 4

select id, h from items order by h, id

select e, count(*) from items group by e order by e

select distinct e from items order by e

select count(distinct e), count(e), count(h), count(*) from items

select min(e), max(e) from items

select id from items where e = '[1,2,3]' order by id

select id from items where e <> '[1,2,3]' order by id

select id from items where e in ('[1,2,3]', '[0,0,0]') order by id

select id from items where e > '[2,0,0]' order by id

select id from items where e is null or h is null order by id

select id from items where e <-> '[1,2,3]' < 3 order by id

select id from items where not (e <=> '[1,2,3]' < 0.5) order by id

select id from items where e <=> '[1,2,3]' > 0.5 order by id

select id from items where e <-> '[1,2]' < 3 order by id

select id, e <-> w from items where id = 1

select a.id, b.id, a.e <-> b.e from items a join items b on a.id < b.id where a.e <-> b.e < 2 order by 1, 2

select a.id, (select b.id from items b where b.id <> a.id order by b.e <-> a.e, b.id limit 1) from items a where a.e is not null order by 1

select sum(e), avg(e) from items

select sum(h), avg(h) from items

select label, sum(e), avg(e), count(e) from items group by label order by label

select avg(e), sum(e) from items where false

select avg(w), sum(w) from items where id < 3

select avg(v) from (values ('[1,2]'::vector), (null), ('[3,5]')) t (v)

select sum(v) from (values ('[1,2]'::vector), ('[1]')) t (v)

select avg(v) from (values ('[1,2]'::vector), ('[1]')) t (v)

select sum(v) from (values ('[3e38]'::vector), ('[3e38]')) t (v)

select avg(v) from (values ('[3e38]'::vector), ('[3e38]')) t (v)

select avg(distinct e) from items

select avg(e) filter (where id < 5) from items

select vector_dims(avg(e)), avg(e) <-> '[0,0,0]' from items

select array_agg(e order by id) from items where id < 4

select coalesce(e, '[0,0,0]'), case when id < 3 then e else '[9,9,9]' end from items order by id

select e::text, length(e::text), h::text from items order by id

select e || 'x' from items where id = 1

select e::real[], (e::real[])[2], cardinality(e::real[]) from items where id < 4 order by id

select id, e from items union select 1, '[1,2,3]'::vector order by 1, 2

select greatest('[1,2]'::vector, '[1,3]'), least('[1,2]'::vector, '[1,3]')

select '[1,2]'::vector between '[1,1]' and '[1,3]'

select '[1,2]'::vector is distinct from '[1,2]', null::vector is distinct from '[1]'

select -'[1,2]'::vector

select '[1,2]'::vector / '[1,2]'

select 2 * '[1,2]'::vector

select ('[1,2]'::vector)[1]

select '[1,2]'::vector::text::vector, '[1,2]'::varchar::vector

select '[1,2]'::vector::integer[]

select '[1,2]'::vector::double precision[]

select '[1,2]'::vector::int

select l2_distance('[1,2]'::vector)

select l2_distance(1, 2)

select cosine_distance(null, '[1]'::vector)

-- parameters: ["[1,2,3]"]
select id from items order by e <-> $1, id limit 3

-- parameters: ["[1,2,3]"]
select id from items order by e <=> $1::vector, id limit 3

-- parameters: ["[1,2]"]
select id from items order by e <-> $1::vector limit 3

-- parameters: ["[1,x]"]
select id from items order by e <-> $1::vector limit 3
