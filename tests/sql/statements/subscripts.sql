select id, tags[1], tags[2], tags[0], tags[9] from gens order by id

select tags[1:1], tags[2:3], tags[:1], tags[2:] from gens order by id

select (array[10, 20, 30])[2], (array[10, 20, 30])[2:3], ('{a,b,c}'::text[])[3], (array[1, 2])[null]

select (array[10, 20, 30])[-1], (array[10, 20, 30])[0:1], (array[10, 20, 30])[-5:2], (array[10, 20, 30])[3:2], (array[1, 2, 3])[:]

select nums[1] + nums[2], nums[id % 3] from events order by id

select (select array_agg(id order by id) from users)[2]

select ((select array_agg(id order by id) from users))[2]

select tags['1'] from gens where id = 4

select tags['x'] from gens

select id[1] from users

select tags[1][1] from gens where id = 4

select meta['nested']['a'][1], meta['lvl'] from users order by id

select meta['nope'], meta['nested']['a'][-1], meta['nested']['a'][9] from users order by id

select ('{"a": [1, {"b": 2}]}'::jsonb)['a'][1]['b'], ('[1, 2]'::jsonb)[0], ('[1, 2]'::jsonb)['0']

select (jsonb '{"a": 1}')['a'], (jsonb '{"1": "x"}')[1]

select meta[1.5] from users

select array[1, 2, 3], array['a', null], array[]::int[], array[1, 2.5], array[null, 1]

select array[]

select array[1, 'x']

select array['2026-01-01'::date, '2026-01-02']

select array[1, 2] = array[1, 2], array[1, 2] < array[1, 3], array[1, 2] <> array[2, 1], array[1] < array[1, 0], '{}'::int[] = array[]::int[], array[1, null] = array[1, null]

-- refused: arrays of arrays
select array[[1, 2], [3, 4]]

-- refused: arrays of arrays
select (array[[1, 2], [3, 4]])[2][1]

select array_agg(tags[1] order by id) from gens

select tags from gens where tags[1] = 'safe' order by id

select tags = array['z'], tags = '{}' from gens order by id

select id from gens order by tags, id

select id from gens order by tags desc nulls last, id

select max(tags[1]), count(distinct tags[1]) from gens

select (array_agg(id order by id))[1] from users

select (array['a', 'b'])[id] from users where id < 4 order by id

select array(select id from users where id < 3 order by 1) || 7::bigint

select nums from events where nums[2] = 1 order by id

select (u.tags)[1] from users u order by id

select (u).name from users u where u.id = 1

select (u).nope from users u

select (u.meta)['lvl'] from users u where id = 1
