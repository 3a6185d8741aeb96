select id, row_number() over (order by id desc) from users order by id

select id, rank() over (order by rating), dense_rank() over (order by rating) from gens order by id

select id, rank() over (order by rating desc nulls last) from gens order by id

select id, row_number() over (partition by model order by id), count(*) over (partition by model) from gens order by id

select id, sum(frames) over (partition by model order by id) from gens order by id

select id, sum(frames) over (partition by model order by id rows between 2 preceding and current row) from gens order by id

select id, sum(rating) over (order by rating range between 1 preceding and 1 following) from gens order by id

select id, sum(id) over (order by user_id groups between 1 preceding and 1 following) from gens order by id

select id, max(id) over (order by id groups between 1 preceding and 1 following exclude current row) from gens order by id

select id, sum(id) over (order by user_id rows between 1 preceding and 1 following exclude ties) from users join (select id, age user_id from users) v using (id) order by id

select id, count(*) over (order by age groups between current row and 1 following exclude group) from users order by id

select id, lag(rating) over w, lead(rating) over w, first_value(id) over w, last_value(id) over w from gens window w as (partition by model order by id) order by id

select id, lag(id, 2) over (order by id), lag(id, 2, 0::bigint) over (order by id), lead(name, 1, 'none') over (order by id) from users order by id

select id, lag(id, 2, -1) over (order by id) from users order by id

select id, nth_value(id, 2) over (partition by model order by id rows between unbounded preceding and unbounded following) from gens order by id

select id, ntile(4) over (order by id), cume_dist() over (order by age), percent_rank() over (order by age) from users order by id

select id, ntile(3) over (partition by active order by id) from users order by id

select id, sum(id) over w, avg(id) over w from users window w as (order by id rows 1 preceding) order by id

select id, sum(id) over (w order by id), count(*) over w from users window w as (partition by active) order by id

select id, sum(id) over (w rows between current row and unbounded following) from users window w as (partition by active order by id) order by id

select id, sum(id) over b from users window a as (partition by active), b as (a order by id) order by id

select sum(id) over (w partition by id) from users window w as (order by id)

select sum(id) over (w order by id) from users window w as (order by id)

select sum(id) over (w) from users window w as (order by id rows 1 preceding)

select sum(id) over nope from users

select 1 from users window w as (order by id), w as (order by name)

select id from users where row_number() over (order by id) < 3

select count(*) from users group by row_number() over (order by id)

select count(*) from users having row_number() over () > 1

select row_number() from users

select upper(name) over () from users

select sum(row_number() over ()) from users

select sum(count(*)) over () from users

select rank() over (order by row_number() over ()) from users

select model, count(*), rank() over (order by count(*) desc, model) from gens group by model order by 3, 1

select model, sum(sum(frames)) over (order by model), sum(frames) from gens group by model order by model

select id, sum(frames) filter (where rating > 2) over (order by id) from gens order by id

select id, row_number() filter (where rating > 2) over (order by id) from gens

select distinct model, count(*) over (partition by model) from gens order by 1

select id, (row_number() over (order by id)) * 10 + 1 from users order by 2 desc limit 3

select id from users order by row_number() over (order by age desc nulls first, id)

select max(r) from (select rank() over (partition by model order by rating) r from gens) t

select id, sum(id) over (order by id rows between 2 following and 4 following), sum(id) over (order by id rows between 4 preceding and 2 preceding) from users order by id

select id, sum(id) over (order by id rows between unbounded preceding and 1 preceding) from users order by id

select id, first_value(name) over (order by id desc rows between current row and 2 following) from users order by id

select id, sum(id) over (order by id rows between -1 preceding and current row) from users

select id, sum(id) over (order by id rows between current row and 1 preceding) from users

select id, sum(id) over (rows between unbounded following and current row) from users

select id, sum(id) over (range between 1 preceding and current row) from users

select id, sum(id) over (groups between 1 preceding and current row) from users

select id, count(*) over (order by created_at range between interval '10 days' preceding and current row) from gens where created_at is not null order by id

select id, count(*) over (order by joined range between interval '1 month' preceding and interval '1 month' following) from users order by id

select id, array_agg(id) over (order by id rows 2 preceding) from users order by id

select id, string_agg(name, '-') over (partition by active order by id) from users order by id

select id, lag(preview) over (order by id), first_value(preview) over (order by id) from gens where id < 8 order by id

select count(*) over (), id from users where false

select id, count(*) over (partition by age is null order by id desc) from users order by id

select id, row_number() over (partition by active, age > 30 order by id) from users order by id

select id, min(rating) over (order by id rows between 3 preceding and 1 preceding), max(quality) over (order by id rows 2 preceding) from gens order by id

select id, bool_or(active) over (order by id rows between 1 preceding and 1 following) from users order by id

select id, sum(id) over (order by age desc, id) from users order by id

select id, last_value(id) over (order by age range between unbounded preceding and unbounded following) is not null from users order by id

select sum(distinct id) over () from users

select id, count(distinct model) over () from gens
