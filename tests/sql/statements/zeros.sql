select -0.0, '-0'::float8, -0.0::float8, '-0'::float8::text, (-0.0)::float8, (-0.0::float8)::text

select '-0.0'::float8 = 0, '-0'::real::text, -('0'::float8), 0 * -1.0::float8

select f::text from (values (-0.0::float8), ('-0'), (0)) t(f)

select distinct f from (values ('-0'::float8), (0)) t(f)

select f, count(*) from (values ('-0'::float8), ('0')) t(f) group by f

select 1 / nullif('-0'::float8, 5)

select sign('-0'::float8), abs('-0'::float8), round('-0.2'::float8), ceil('-0.5'::float8)

select '-0'::float8::numeric, '-0'::float8::int, '-0'::numeric, -0, '-0'::real

select max(f)::text, min(f)::text from (values ('-0'::float8), ('0')) t(f)

select jsonb '-0', jsonb '-0.0', jsonb '[-0.0, -0, 0.0]', json '-0.0', to_jsonb('-0'::float8), (jsonb '-0.0')::text

select ('-0'::float8)::text in ('0'), '-0'::float8 in (0), '-0'::float8 < 0
