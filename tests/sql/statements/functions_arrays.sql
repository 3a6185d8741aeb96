select tags[1], tags[2:3], array_length(tags,1), cardinality(tags), tags || 'new'::text, 'h'::text || tags, tags || array['p','q'] from gens order by id limit 6

select id from gens where 'x' = any(tags) order by id

select id from gens where tags @> array['x'] order by id

select id from gens where tags && array['safe','z'] and not tags <@ array['safe'] order by id

select array_position(array['a','b'],'b'), array_remove(array[1,2,1],1), array_append(array[1],2), array_prepend(0,array[1]), array_cat(array[1],array[2]), array_positions(array[1,2,1], 1), array_replace(array[1,2,1], 1, 9), array_position(array[1,null,2], null), trim_array(array[1,2,3], 1)

select array[1,2] = array[1,2], array[1,2] < array[1,3], '{}'::int[] = array[]::int[], array[1,null] = array[1,null], array[1,2] > array[1], array[1] <> array[2], array[1] < array[null]::int[]

select array[1,2] || 3, 0 || array[1,2], array[1,2] || array[3], null::int[] || 1, array[1,2] || null::int[], array[1] || 2.5, array[1,2] || '{3,4}', array['a'] || 'b'

select array[1,2] @> array[2], array[1,2] <@ array[1,2,3], array[1,2] && array[2,5], array[1,null] @> array[null]::int[], array[]::int[] <@ array[1], array[1,2] @> '{1}'

select array_length(array[]::int[], 1), array_upper(array[1,2],1), array_lower(array[1,2],1), array_ndims(array[1]), array_dims(array[1,2]), cardinality(array[]::int[]), array_length(array[1], 2), array_length(null::int[], 1)

select '{1,2,NULL}'::int[], '{"a b",c,"d\"e",NULL,"NULL"}'::text[], '{}'::text[], '{t,f}'::bool[], '{1.5,2}'::numeric[], '{ 1 , 2 }'::int[]

select '{1,2'::int[]

select '{a}'::int[]

select 'x'::int[]

select '{1,,2}'::int[]

-- refused: the text of a numeric needs a scale: numeric(p, s)
select array[1,2]::text, array['a b','c',null,'','null','x,y','q"z']::text, array[1.5,2.25]::text, array[true]::text, array[]::int[]::text

select array[1,2]::bigint[], array[1.5,2.5]::int[], array['1','2']::int[], '{1,2}'::text[]::int[], array[1,2]::text[]

select 2 = any(array[1,2]), 3 <> all(array[1,2]), 1 = any('{}'::int[]), null = any(array[1]), 1 = any(array[2,null]), 5 > all(array[1,null])

select array_append(null::int[], 1), array_prepend(1, null::int[]), array_cat(null, array[1])

select array_to_string(nums, ','), array_to_string(nums, ',', '*'), nums || 1::bigint, nums[1] from events order by id

select unnest(array[1,2,null])

select array_position(array[1,2], 'a')

select array[1,2] || array['a']

select array['a', 1]

select array[1, 2.5, 3::bigint]

select array_length(5, 1)

select array_agg(x) from (values (1),(null),(2)) t(x)
