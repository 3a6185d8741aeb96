select name from users where name like 'a%' or name ilike 'BO%' or name like '%\_%' or name like '%!%%' escape '!' order by id

select id from users where name ~ '^[A-Z]' order by id

select id from gens where prompt ~* 'golden' and prompt !~ '^G' order by id

select regexp_replace('foobarbaz','b(..)','X\1Y','g'), regexp_replace('aaa','a','b'), regexp_match('foobarbeque','(bar)(beque)'), regexp_replace('Abc', 'a', 'x', 'i'), regexp_replace('abc', '(b)', '[\&\\]')

select regexp_split_to_array('a, b,c',',\s*'), regexp_split_to_array('abc', 'x'), regexp_count('aXbXc','X'), regexp_like('abc', 'B', 'i'), regexp_substr('foobar', 'o+')

select substring('foobar' from 'o(.)b'), substring('foobar' from 'o.b'), substring('foobar' from 'z'), substring('foobar', 'o+')

select 'abc' ~ 'a.c', E'a\nc' ~ 'a.c', E'a\nb' ~ '^b', E'a\nb' ~ '(?n)^b', 'abc' ~ '(?i)B', 'a.c' ~ 'a\.c', 'a+c' ~ '***=a+c', 'x' ~ '[[:alpha:]]', 'é' ~ '\w', 'é' ~ '[[:alpha:]]', '5' ~ '\d', 'a' ~ '\d', ' ' ~ '\s', 'ab' ~ '^a{1}b$', 'a{' ~ 'a{', 'a]' ~ '[]]', 'a-b' ~ '[a-]-'

select 'a' ~ '('

select 'a' ~ '*a'

select 'a' ~ '[a'

select 'a' ~ 'a**'

select 'a' ~ 'a{2,1}'

-- refused: look-around in regular expressions is not supported
select 'a' ~ '(?=a)'

-- refused: back-references in patterns are not supported
select 'aa' ~ '(a)\1'

-- refused: regexp_match with alternatives that begin alike, or with greedy and lazy quantifiers, is n
select regexp_match('xyz', 'x|xy')

-- refused: regexp_match with alternatives that begin alike, or with greedy and lazy quantifiers, is n
select regexp_match('abc', '(a)|(b)'), regexp_match('foo', '(foo|bar)'), regexp_match('a1', '([a-z])(\d)?')

select 'a%' like 'a\%', 'a\b' like 'a\\b', 'abc' like '_b_', 'abc' not like 'a%', 'ABC' ilike 'a_c', 'a' like null, '' like '%', 'abc' like 'abc%%'

-- refused: Like pattern must not end with escape character!
select 'abc' like 'abc\'

select 'É' ilike 'é', 'straße' ilike 'STRASSE', 'ABC' ~~* 'abc', 'abc' !~~ 'b%'

select name from users where name similar to '(a|B)%' order by id

select 'abc' similar to 'a%', 'abc' similar to '(a|b)c', 'abc' similar to '%(b|d)%', 'a.c' similar to 'a.c', 'abc' similar to 'a.c', 'aab' similar to 'a{2}b', 'a' not similar to 'b'

select p, 'abc' ~ p from (values ('a.'), ('^b'), (null)) t(p)

select 'abc' like p from (values ('a%'), ('_b'), (null)) t(p)

select regexp_replace('abc', 'b', 'x', 'q'), regexp_replace('a.c', '.', 'x', 'q')

select regexp_replace('a', 'a', 'b', 'zz')

select regexp_match('ab', 'a', 'g')

select 1 ~ 'a'

select 5 ~~ 'a'

select regexp_replace(name, '[aeiou]', '*', 'g') from users order by id

select regexp_match(prompt, '([a-z]+) ([a-z]+)') from gens where id < 8 order by id

select 'foo.bar' ~ '^[^.]+\.[a-z]+$', 'tab	x' ~ '\t', 'a\b' ~ '\\', 'a' ~ '\x61', 'aé' ~ '\u00e9'

select regexp_replace('2026-01-02', '(\d+)-(\d+)-(\d+)', '\3/\2/\1')

-- refused: substring with alternatives that begin alike, or with greedy and lazy quantifiers, is not 
select regexp_replace('abcabc', 'b.*?c', 'X'), substring('XY1234Z', 'Y*([0-9]{1,3})'), substring('XY1234Z', 'Y*?([0-9]{1,3})')
