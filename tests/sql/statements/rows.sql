select (1, 2) = (1, 2), (1, 2) = (1, 3), (1, null) = (1, 2), (1, null) = (2, null), (1, 2) <> (1, null), (1, 2) <> (2, null)

select (1, 2) < (1, 3), (2, 1) < (1, 3), (1, null) < (2, 1), (1, null) < (1, 1), (1, 2) <= (1, 2), (1, 2) >= (1, 3), (3, null) > (2, 1)

select (1, 'a', true) < (1, 'b', false), (1, 2, 3) >= (1, 2, 3)

select row(1, 2) = row(1, 2), row(1) = row(1), row(1, 2) is distinct from row(1, 2), row(1, null) is not distinct from row(1, null), row(1, null) is distinct from row(2, null)

select row(1, null) is null, row(null, null) is null, row(1, 2) is not null, row(1, null) is not null, not (row(1, null) is null)

select (1, 2) in ((1, 2), (3, 4)), (1, null) in ((1, 2)), (5, 6) not in ((1, 2), (3, 4)), (1, null) not in ((2, 3))

select id from users where (id, age) < (3, 30) order by id

select id from users where (age, id) >= (30, 5) order by id

select id from users where (name, id) > ('Bob', 2) order by name, id

select id from users where (age, active) is null order by id

select id from users where (age, active, joined) is not null order by id

select id from users where row(id, age) between row(2, 0) and row(4, 100) order by id

select (1, 2) = (1, 2, 3)

-- refused: operator + of rows is not supported
select (1, 2) + (1, 2)

select (1, 'a') = (1, 2)

select (1, '2') = (1, 2), ('2026-01-01', 1) < (date '2026-01-02', 0)

select case when (1, 2) = (1, 2) then 'same' end

select id from users where (id, id) in (select id, user_id from gens) order by id

-- refused: rows as values
select row(1, 2)

-- refused: rows as values
select users from users where id = 1

-- refused: rows as values
select count((rating, id)) from gens

select id from users where (1 = 1) = (2 = 2) and (id) in ((1), (2)) order by id

select (1, 2) is distinct from (1, 3), (null, null) is not distinct from (null, null)

select a.x, a.y, (a.x, a.y) in (select * from (values (1, 2), (3, null), (null, 5)) b(x, y)) from (values (1, 2), (1, 3), (3, 9), (null, 5), (7, 5), (null, null), (8, 8)) a(x, y) order by 1, 2

select a.x, a.y, (a.x, a.y) not in (select * from (values (1, 2), (3, null)) b(x, y)) from (values (1, 2), (1, 3), (3, 9), (null, 5), (null, null)) a(x, y) order by 1, 2

select a.x, (a.x, a.x) in (select 1, 1 where false), (a.x, 1) in (select x, 1 from (values (2), (null)) c(x)) from (values (1), (2), (null)) a(x) order by 1

select count(*) from gens where (user_id, model) not in (select user_id, model from gens where rating > 3 and model is not null and user_id is not null)
