select name, upper(name), lower(name), initcap(name), length(name), octet_length(name), reverse(name), bit_length(name) from users order by id

select upper('straße'), lower('ÀÉÎ'), initcap('hello wORLD o''neil foo_bar 1st'), upper('ǆ'), lower('İ')

select left('hello', 2), left('hello', -2), right('hello', 2), right('hello', -2), left('hello', 0)

select substring('hello' from 2 for 3), substr('hello', -1, 3), substring('hello' from 0), substr('hello', 2), substring('hello' for 2)

select substring('hello' from 2 for -1)

select position('l' in 'hello'), strpos('hello', 'z'), strpos('a', ''), position('' in '')

select overlay('abcdef' placing 'XX' from 2 for 3), overlay('abcdef' placing 'XX' from 3)

select trim('  a '), trim(both 'x' from 'xxaxx'), trim(leading 'x' from 'xxaxx'), trim(trailing from 'a  '), btrim('xyax', 'xy'), ltrim('xxa', 'x'), rtrim('axx', 'x'), btrim(E'\t a \t')

select lpad('a', 3, 'xy'), rpad('abc', 2), lpad('abc', 5), rpad('a', 4, ''), lpad('abc', -1), rpad('ab', 5, 'xyz')

select repeat('ab', 3), repeat('x', -1), replace('abcabc', 'b', 'XX'), replace('abc', '', 'x'), translate('12345', '143', 'ax'), split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('abc', '', 1), split_part('a,b', ',', 5)

select split_part('a', ',', 0)

select ascii('é'), ascii(''), chr(233), chr(65), ascii('x')

select chr(0)

select starts_with('abc', 'ab'), 'abc' ^@ 'b', 'abc' ^@ ''

select concat('a', null, 1, true, 1.50, 2.5::float8), concat_ws('-', 'a', null, 'b', 3), concat_ws(null, 'a'), concat('x')

select format('%s-%I-%L-%%', 'a', 'my col', 'it''s'), format('%2$s %1$s', 'a', 'b'), format('|%10s|%-10s|', 'foo', 'bar'), format('%s', null), format('%L', null), format('hello')

select format('%s %s', 'a')

select format('%y', 'a')

select quote_literal('a''b'), quote_literal('a\b'), quote_ident('A b'), quote_ident('abc'), quote_ident('select'), quote_nullable(null), quote_ident('user')

select to_hex(255), to_hex(-1), to_hex(12345678901::bigint), to_hex(-1::bigint)

select encode('abc'::bytea, 'hex'), encode('abc'::bytea, 'base64'), encode('a\\b\000c'::bytea, 'escape'), decode('616263', 'hex'), decode('YWJj', 'base64'), decode('a\\001', 'escape')

select encode('a'::bytea, 'nope')

select md5('a'), md5(''), sha256('a'::bytea), md5('abc'::bytea)

select string_to_array('a,b,,c', ','), string_to_array('a,b,,c', ',', ''), string_to_array('abc', null), string_to_array('', ','), string_to_array('abc', '')

-- refused: the text of a numeric needs a scale: numeric(p, s)
select array_to_string(array['a', null, 'c'], ','), array_to_string(array['a', null, 'c'], ',', '*'), array_to_string(array[1, 2, null], '-'), array_to_string(array[true, false], ','), array_to_string(array[1.50, 2], '|')

select 'a' || 'b', 'a' || 1, 1 || 'a', 'a' || null, 'x' || true, 1.50 || 'x', 'a'::varchar || 'b', 'd ' || date '2026-01-02'

select 1 || 2

select 'abc' < 'abD', 'a' < 'B', 'abc'::char(5) = 'abc', 'abc '::char(5) || 'x', 'abcdef'::varchar(3), 'ab'::char(5), length('ab'::char(5)), 'ab  '::char(4) = 'ab'::text

select 'a'::char, 'abc'::char, octet_length('ab'::char(5)), '  x'::char(3)

select E'a\nb', U&'\0041', $$dollar$$, 'it''s', E'\u00e9'

select length('猫'), octet_length('猫'), length(null), length('')

select length(5)

select upper(name) || '!' from users where name is not null order by id

select substring('abc'::bytea from 2 for 1), length('abc'::bytea), octet_length('\xff00'::bytea), 'a'::bytea || 'b'::bytea, get_byte('abc'::bytea, 1)

select 'x'::bytea, '\x4142'::bytea, 'a\001b'::bytea, '\xZZ'::bytea

select '\xZZ'::bytea

select '\x1'::bytea

select convert_from('\xc3a9'::bytea, 'UTF8'), convert_to('é', 'UTF8')

select greatest('a', 'b', null), least('b', 'a'), greatest(1, 2.5), least(null, null::int), greatest('2026-01-01'::date, '2025-01-01')

select coalesce(null, 'a'), coalesce(name, 'none') from users order by id

select nullif('a', 'a'), nullif(1, 2), nullif('x', 'y')

select case when 1 = 1 then 'a' else 'b'::varchar(5) end, case 1 when 2 then 'x' end

select 'a'::text collate "C" < 'B'

select string_agg(name, ',' order by name desc) from users
