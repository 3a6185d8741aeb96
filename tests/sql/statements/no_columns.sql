select count(*) from (select from users union select from users) x

select count(*) from (select from users union all select from users) x

select count(*) from (select from users intersect select from users) x

select count(*) from (select from users except select from users) x

select count(*) from (select from users except all select from users where id < 3) x

select count(*) from (select from users intersect all select from users where id < 3) x

select exists (select from users union select from users)

select count(*) from (select union select) x


select count(*) from (select from gens order by rating desc nulls last fetch first 3 rows with ties) x

-- refused: separators that differ
select string_agg(name, name order by name) from users
