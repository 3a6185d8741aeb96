select meta->'nested'->'a'->1, meta->>'lvl', meta->'nested'->>'b', meta#>'{nested,a,1}', meta#>>'{nested,a,1}', meta->'nested'->'a'->>-1 from users order by id

select id from users where meta @> '{"lvl": 1}' order by id

select id from users where meta ? 'lvl' and meta->'nested' ?| array['zzz','a'] and meta->'nested' ?& array['a','b'] order by id

select id, payload, payload->'a', payload->>'a', payload->1, payload->>2, payload->>'t', payload->'b'->'c' from events order by id

select id, (meta->>'lvl')::float8 * 2, (meta->'lvl')::int + 1 from users order by id

select meta || '{"x":1}', meta - 'lvl', meta #- '{nested,b}', meta - array['lvl','nested'] from users where id<3 order by id

select '[1,2,3]'::jsonb - 1, '[1,2]'::jsonb - -1, '["a","b"]'::jsonb - 'a', '[1]'::jsonb || '2', '{"a":1}'::jsonb || '{"a":2}', '1'::jsonb || '2'::jsonb, '{"a":1}'::jsonb || '[2]'::jsonb

select '{"a":1}'::jsonb - 1

select '5'::jsonb - 'a'

select '{"a":1}'::jsonb || '1'::jsonb

select jsonb_build_object('a',1,'b',array[1,2],'c',null), jsonb_build_array(1,'x',null,true,1.50,2.5::float8), to_jsonb('t'::text), to_jsonb(array[1,2]), to_jsonb(1.50), to_jsonb(true), to_jsonb(date '2026-01-01')

select jsonb_build_object('a')

select jsonb_array_length('[1,2]'), jsonb_typeof('1'), jsonb_typeof('"a"'), jsonb_typeof('null'), jsonb_typeof('[]'), jsonb_typeof('{}'), jsonb_typeof('true'), json_typeof('[1]'), json_array_length('[1,2,3]')

select jsonb_array_length('{}')

select jsonb_set('{"a":{"b":1}}','{a,b}','5'), jsonb_set('{"a":1}','{b}','2'), jsonb_set('{"a":1}','{b}','2',false), jsonb_set('[1,2]','{-1}','9'), jsonb_set('[1,2]','{5}','9'), jsonb_insert('{"a":[1,2]}','{a,1}','9'), jsonb_insert('{"a":[1,2]}','{a,-1}','9',true), jsonb_strip_nulls('{"a":null,"b":[null,{"c":null}]}')

select jsonb_insert('{"a":1}','{a}','9')

select jsonb_set('[1]','{x}','9')

select '{"b":1,"a":2}'::jsonb::text, '{"a":1,"a":2}'::jsonb::text, '{"a": 1}'::jsonb = '{"a":1.0}'::jsonb, '{"bb":1,"c":[1.50, 1e2, -0, 1E-3]}'::jsonb::text, '"a\u00e9\n"'::jsonb::text, ' [ 1 , 2 ] '::json::text

select meta->'nested'->'b' from users order by meta->'nested'->'b', id

select payload from events order by payload, id

select payload from events order by payload desc, id

select distinct meta->'lvl' from users

select meta->'lvl' k, count(*) from users group by 1 order by 1

select '1'::jsonb < '2', '"a"'::jsonb < '1'::jsonb, '[]'::jsonb < 'null', '[1,2]'::jsonb < '[3]', '{"a":1}'::jsonb > '[1]', 'true'::jsonb > 'false', '10'::jsonb > '9', '-1'::jsonb < '0', '0.5'::jsonb < '1'

select '{"a":1}'::jsonb::int

select '"x"'::jsonb::int, 1

select '5'::jsonb::int, '5.7'::jsonb::int, '5.25'::jsonb::float8, 'true'::jsonb::bool, '2.5'::jsonb::numeric(10,2)

select '{a'::jsonb

select '[1,2'::json

select jsonb_pretty('{"a":[1,{"b":2}],"c":{}}')

select jsonb_object('{a,1,b,2}'), jsonb_object('{a,b}','{1,2}')

select '{"a":[1,2,{"b":3}]}'::jsonb @> '{"a":[2]}', '[1,2]'::jsonb @> '1', '[1,[2]]'::jsonb @> '[[2]]', '1'::jsonb @> '1', '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '[1,2,2]'::jsonb @> '[2,1]', '"a"'::jsonb ? 'a', '["a"]'::jsonb ? 'a'

select '{"a":1.10}'::jsonb->>'a', '{"a":12345678901234567890.10}'::jsonb->'a', '{"a":{"c":1,"b":2.0}}'::jsonb->>'a', '{"a":null}'::jsonb->>'a', '{"a":null}'::jsonb->'a', '{"a":null}'::jsonb->'b'

select id from users where meta->'lvl' = '1' order by id

select id from users where (meta->>'lvl')::int in (1,2) order by id

select to_json(1), to_json('a'::text), json_build_object('a', 1, 'b', null), json_build_array(1, 'a')

select to_jsonb(timestamp '2026-01-02 03:04:05.5'), to_jsonb(1e20::float8), to_jsonb('NaN'::float8)

select to_jsonb('a')

select meta['nested']['a'][1] from users where id<3 order by id

select jsonb_object_keys(meta) from users where id=1 order by 1

select key, value from users, jsonb_each(meta) where users.id=1 order by key

select value from users, jsonb_array_elements(meta->'nested'->'a') where users.id=2

select jsonb_agg(name order by id), jsonb_object_agg(id,name) from users where id<4

select '\u0000'::jsonb

select '"\u0000"'::jsonb

select payload->>'s' || 'x' from events order by id

select 1 from events where payload->'a' > '0' order by 1

select payload->'a'->'b', payload->0, payload->-1, payload->3->'three', payload->3->>'three', payload->'b'->'c'->1, payload->'b'->'c'->>-1, payload->'b'->>'c', payload->>'b' from events order by id

select id from events where payload @> '{"a": 1}' or payload @> '{"a": 1.5, "t": true}' or payload @> '{"a":"x","b":null}' order by id

select id, payload @> '{}', payload @> '{"b": {}}', payload @> '{"b":{"c":[2]}}', payload ? 'a', payload ? 'two', payload @> '{"a": 1.0}' from events order by id

select '{"a": 1.0}'::jsonb @> '{"a": 1}', '{"a": {"b": 2.50}}'::jsonb -> 'a', '{"a": {"b": 2.50}}'::jsonb -> 'a' ->> 'b', ('{"a": {"b": 2.50}}'::jsonb -> 'a')::text, '{"a b": 1}'::jsonb ->> 'a b', '{"a\"b": 1}'::jsonb ->> 'a"b', '{"": 1}'::jsonb ->> '', '{"a''b": 2}'::jsonb -> 'a''b'

select (payload->'b')::text, (payload->'b'->'c')::text from events order by id
