-- parameters: [[1, 3, 99]]
select id from users where id = any($1) order by id

-- parameters: [[]]
select id from users where id = any($1) order by id

-- parameters: [[]]
select id from users where id <> all($1) order by id

-- parameters: [[1, null]]
select id from users where id = any($1) order by id

-- parameters: [[1, null]]
select id from users where id <> all($1) order by id

-- parameters: [[1, 2]]
select id from users where id <> all($1) order by id

-- parameters: [[null]]
select id from users where id = any($1) order by id

-- parameters: [[1099511627776, 1]]
select id from users where id = any($1) order by id

-- parameters: [["1", "2"]]
select id from users where id = any($1) order by id

-- parameters: [["1", "2"]]
select id from users where id = any($1::bigint[]) order by id

-- parameters: [["ann", "Bob"]]
select id from users where name = any($1) order by id

-- parameters: [[]]
select id from users where name = any($1) order by id

-- parameters: [["ann", null]]
select id from users where name <> all($1) order by id

-- parameters: [[30, 40]]
select id from users where age > any($1) order by id

-- parameters: [[30, 40]]
select id from users where age > all($1) order by id

-- parameters: [[0.5, 1.0]]
select id from events where f4 = any($1) order by id

-- parameters: [[1, 2]]
select id from gens where rating = any($1) order by id

-- parameters: [["00000000-0000-0000-1234-567890abcdef"]]
select id from events where u = any($1) order by id

-- parameters: [["00000000-0000-0000-1234-567890abcdef"]]
select id from events where u = any($1::uuid[]) order by id

-- parameters: [[true]]
select id from users where active = any($1) order by id

-- parameters: [["a", "x"]]
select id from users where tags && $1 order by id

-- parameters: [["x"]]
select id from users where tags @> $1 order by id

-- parameters: [["x"]]
select id from users where tags = $1 order by id

-- parameters: [["q"]]
select tags || $1 from users order by id limit 2

-- parameters: [[1, 2, 3]]
select array_length($1, 1)

-- parameters: [[1.5, null]]
select $1

-- parameters: [[true]]
select $1

-- parameters: [[1, 2]]
select $1::text

-- parameters: [[1, 2]]
select $1::text[]

-- parameters: [[]]
select $1::int[]

-- parameters: [[]]
select cardinality($1::int[])

-- parameters: [[1], ["b"]]
select 1 = any($1), 'a' = any($2)

-- parameters: [[1, 2]]
select id from users where id in $1

-- parameters: [1, 2]
select id from users where id in ($1, $2) order by id

-- parameters: [[1]]
select id from users where id = $1

-- parameters: [[1]]
select coalesce($1, array[9])

-- parameters: [[7, 8]]
select ($1::int[])[2]

-- parameters: [[1]]
select array_append($1, 4)

-- parameters: [[1, 4]]
select array_position($1, 4)

-- parameters: [[1, 2]]
select count(*) from users where id = any($1)

-- parameters: [[1.5]]
select name || $1 from users where id = 1

-- parameters: [[true]]
select $1 || name from users where id = 1

-- parameters: [[1.5]]
select $1 || id from users where id = 1

-- parameters: [[1.5]]
select 'a' || $1
