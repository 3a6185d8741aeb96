select ('{"z": {"y": 1.10, "x": [1.00, 1e2]}, "b": 2}'::json -> 'z')::text

select '{"z": {"y": 1.10, "x": [1.00, 1e2]}, "b": 2}'::json ->> 'z', '{"z": {"y": 1.10, "x": [1.00, 1e2]}}'::json #>> '{z,x}', ('{"z": {"y": 1.10, "x": [1.00, 1e2]}}'::json #> '{z,x,1}')::text

select ('[{"b": 1, "a": 2.0}]'::json -> 0)::text, '[{"b": 1, "a": 2.0}]'::json ->> 0

select '{"a": 1, "a": 2}'::json ->> 'a', ('{"a": 1, "a": 2}'::json)::text, '{"a": 1, "a": 2}'::jsonb::text

select ('{"z": {"y": 1.10, "x": 1}}'::jsonb -> 'z')::text, '{"z": {"y": 1.10, "xx": 1e2}}'::jsonb ->> 'z'

select key, value::text from json_each('{"b": {"d": 1.0, "c": 1e1}, "a": 1e2}')

select * from json_each_text('{"b": {"d": 1.0, "c": 1e1}, "a": 1e2}')

select value::text from json_array_elements('[{"b": 1, "a": 1.0}, 1e2]')

select json_build_object('b', '{"z": 1.0, "a": 1e1}'::json, 'a', '{"z": 1.0, "a": 1e1}'::jsonb)::text

select to_json('{"z": 1.0, "a": 1e1}'::jsonb)::text, to_jsonb('{"z": 1.0, "a": 1e1}'::json)::text, json_agg('{"z": 1.0, "a": 1e1}'::jsonb)::text

select to_json('{"z": 1.0, "a": 1e1}'::json)::text

select json_typeof('1e2'), json_array_length('[1,1.0]')

select jsonb '{"bb": 1.0, "a": 1e2, "c": 1.50, "aaa": null, "a": 7}' || jsonb '{"bb": 2.00}', (jsonb '{"a": 1.0}' || jsonb '{"b": 1e-3}')::text

select (jsonb '[1.0, 1e2, 1E-3, 12345678901234567890.123456789, -0.0, 0.10]')::text, jsonb '[1.50]' ->> 0, jsonb '{"a": 1.50}' ->> 'a', jsonb '{"a": {"b": 1.50}}' #>> '{a,b}'

select json '1e400' #>> '{}', (jsonb '1e30')::text, jsonb '1.0' = jsonb '1', jsonb '1.0'::text = jsonb '1'::text

select jsonb_pretty('{"bb": 1.0, "a": [1e2, 1.50]}'), jsonb_set('{"a": 1.00}', '{b}', '2.50')::text, jsonb_strip_nulls('{"a": 1.00, "b": null}')::text

select string_agg(x::text, ',') from jsonb_array_elements('[1.0, 1.00, 1e1]') x

select x from jsonb_array_elements_text('[1.0, 1.00, 1e1, "a", {"b": 1.0, "a": 1e1}]') x

select json_strip_nulls('{"b": 1.0, "a": null, "c": [null, {"x": null, "y" : "\u00e9"}]}')::text

select json_object_keys('{"b": 1, "a": 2, "b": 3}')

select json_object_keys('[1]')

select * from json_each('1')

select * from json_array_elements('{}')

select '[1, 2]'::json -> 5, '[1, 2]'::json -> -1, '{}'::json -> 'a', '1'::json -> 0, '"a"'::json ->> 0, 'null'::json ->> 'a'

select '{"a": null, "b": "x\ny", "c": "\u0061"}'::json ->> 'a', '{"b": "x\ny"}'::json ->> 'b', '{"b": "x\ny"}'::json -> 'b', '{"c": "\u0061"}'::json -> 'c'

select ' [ 1 , {"a" : [ ] } ] '::json #>> '{1,a}', ' [ 1 , {"a" : [ ] } ] '::json #>> '{}', ' [1] '::json #> '{0}', '[[1,2]]'::json #> '{0,-1}', '[1]'::json #> '{x}', '[1]'::json #> '{+0}'

select '{"a\"b": 1, "": 2}'::json -> 'a"b', '{"a\"b": 1, "": 2}'::json ->> ''
