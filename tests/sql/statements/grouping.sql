select model, count(*) from gens group by model order by model

select model, count(*), count(distinct user_id), count(*) filter (where rating > 2), bool_and(rating >= -1), every(rating > 0) from gens group by model having count(*) > 5 order by model

select model, rating > 2 as hi, count(*) from gens group by model, hi order by 1, 2

select model, rating > 2 as hi, count(*) from gens group by 1, 2 order by 1, 2

select model, user_id, sum(frames) from gens group by rollup (model, user_id) order by 1, 2, 3

select model, rating > 2 as hi, count(*), grouping(model) from gens group by cube (model, rating > 2) order by 1, 2, 3, 4

select model, user_id, sum(frames), grouping(model, user_id) from gens group by grouping sets ((model), (user_id), ()) order by 4, 1, 2, 3

select model, count(*), grouping(model) g from gens group by rollup (model) having grouping(model) = 1 or count(*) > 8 order by g, model

select model, active, count(*) from gens join users on users.id = user_id group by grouping sets (rollup (model), cube (active)) order by 1, 2, 3

select model, user_id % 2 m, count(*) from gens group by model, rollup (user_id % 2) order by 1, 2, 3

select model, user_id % 2 m, count(*) from gens group by grouping sets ((model, user_id % 2), model) order by 1, 2, 3

select model, count(*) from gens group by grouping sets ((model), (model)) order by 1, 2

select model, count(*) from gens group by distinct rollup (model), rollup (model) order by 1, 2

select count(*) from gens group by ()

select count(*) from nothing group by ()

select count(*), sum(a), max(b) from nothing

select count(*) from nothing group by a

select 1 from users having count(*) > 3

select count(*) from users having false

select 'x' from users group by ()

select max(id) from users having max(id) > 5

select user_id % 3, count(*) from gens group by user_id % 3 order by 1

select user_id % 3 + 1, count(*) from gens group by user_id % 3 order by 1

select upper(model), count(*) from gens group by upper(model) order by 1

select model m, count(*) from gens group by m order by m

select length(model) l, count(*) from gens group by l having length(model) > 3 order by l

select id, name, age from users group by id order by id limit 3

select u.id, u.name, count(g.id) from users u left join gens g on g.user_id = u.id group by u.id order by u.id

select u.id, u.name, g.model from users u left join gens g on g.user_id = u.id group by u.id

select rating from gens group by id order by id limit 3

select u.id, u.name from (select * from users) u group by u.id

select model, rating from gens group by model

select id from gens group by model

select model, count(*) from gens group by model order by rating

select model from gens group by model having rating > 2

select count(*), id from gens

select *, count(*) from nothing

select model || 'x', count(*) from gens group by model order by 1

select model = 'sdxl', count(*) from gens group by model, model = 'sdxl' order by 1, 2

select count(*) from gens group by sum(frames)

select sum(sum(frames)) from gens

select sum(frames) + sum(id) from gens where sum(id) > 3

select count(*) from gens where count(*) > 3

select 1 from users join gens on count(*) > 1

select max(rating) + 1, min(rating) * 2, count(*) / 2, count(*) % 7 from gens

select count(*), count(rating), count(distinct model), count(distinct user_id) from gens

select count(distinct (model)), sum(distinct frames), avg(distinct user_id) from gens

select sum(id), sum(frames), sum(rating), sum(price), avg(id), avg(frames), avg(rating), avg(price) from gens

select sum(small), avg(small), sum(f4), avg(f4), min(small), max(f4) from events

select min(name), max(name), min(joined), max(joined), min(age), max(age) from users

select min(ts), max(ts), min(kind) from events

select min(created_at), max(created_at), max(price), min(quality), max(quality) from gens

select sum(frames) filter (where rating > 2), count(*) filter (where model = 'sdxl'), avg(rating) filter (where false) from gens

select bool_and(active), bool_or(active), every(id > 0), bool_or(id > 100) from users

select string_agg(name, ',' order by id), string_agg(name, ', ' order by name desc, id) from users

select string_agg(distinct model, ',' order by model) from gens

select string_agg(distinct model, ',' order by id) from gens

select array_agg(id order by id desc), array_agg(name order by id) from users where id < 5

select array_agg(distinct model order by model) from gens

select array_agg(id) from users where false

select array_agg(age order by age desc nulls last, id) from users

select model, array_agg(id order by rating desc nulls last, id) from gens group by model order by model

select percentile_cont(0.5) within group (order by rating), percentile_disc(0.5) within group (order by rating) from gens

select percentile_cont(0.99) within group (order by frames), percentile_disc(0.1) within group (order by frames desc) from gens

select percentile_cont(array[0.25, 0.5, 0.75]) within group (order by frames) from gens

select percentile_disc(array[0.25, 0.5]) within group (order by model) from gens

select percentile_cont(0.5) within group (order by rating) filter (where model = 'sdxl') from gens

select model, percentile_cont(0.5) within group (order by frames), mode() within group (order by user_id) from gens group by model order by model

select mode() within group (order by model), mode() within group (order by frames % 2) from gens

select id from gens where rating >= (select percentile_cont(0.9) within group (order by rating) from gens) order by id

select percentile_cont(1.5) within group (order by rating) from gens

select percentile_cont(0.5) within group (order by model) from gens

select percentile_cont(0.5) from gens

select count(*) within group (order by id) from gens

-- refused: rank WITHIN GROUP is not supported
select rank(3.0::float8) within group (order by rating) from gens

-- refused: dense_rank WITHIN GROUP is not supported
select dense_rank(30) within group (order by frames), percent_rank(30) within group (order by frames), cume_dist(30) within group (order by frames) from gens

select case when rating > 3 then 'hi' when rating is null then null else 'lo' end x, count(*) from gens group by x order by x

select x, count(*) from (select id % 3 as x from users) t group by t.x order by x

select users.name, count(*) from users group by users.name order by 1

select name, count(*) from users group by users.name order by 1

select u.name n, count(*) c from users u group by n having count(*) > 1

select age, count(*) c from users group by age having c > 1

select id % 2 as age, count(*) from users group by age order by 1, 2

select count(*) from users group by 3

select count(*) from users group by 'x'

select model, avg(rating) from gens group by model order by avg(rating) desc nulls last, model

select model from gens group by model order by count(*) desc, model

select distinct count(*) from gens group by model order by 1

select distinct model from gens group by model, user_id order by model

select (select count(*) from gens g where g.user_id = u.age) from users u group by u.age order by 1

select u.age, (select u.name) from users u group by u.age

select model, (select max(id) from users where id < count(*)) from gens group by model order by 1

select grouping(model) from gens

select grouping(id) from gens group by model

select model, count(*) over () from gens group by model order by 1

select count(*), max(id) from users where id > 100 group by name

select coalesce(model, 'none') m, count(*) from gens group by coalesce(model, 'none') order by 1

select coalesce(model, 'x'), count(*) from gens group by coalesce(model, 'none')

select id + 1, count(*) from users group by id + 1 having id + 1 > 10 order by 1

select preview, count(*) from gens group by preview order by preview

select tags, count(*) from gens group by tags order by tags

select active, joined, count(*) from users group by active, joined order by 1, 2

select quality, count(*) from gens group by quality order by quality

select stddev(rating), variance(rating), stddev_pop(rating), var_pop(frames), corr(rating, frames), regr_slope(rating, frames) from gens

select covar_pop(rating, frames), covar_samp(rating, frames), regr_r2(rating, frames), regr_count(rating, frames), regr_intercept(rating, frames), regr_avgx(rating, frames) from gens

select bit_and(frames), bit_or(frames) from gens

select count(*), count(distinct v) from (values ('1'::jsonb), ('1.0'), ('"a"'), (null)) t(v)

select v = '1', count(*) from (values ('1'::jsonb), ('1.0'), ('"a"'), (null)) t(v) group by v order by 1, 2

select count(*) from (select distinct v from (values ('1'::jsonb), ('1.0'), ('[1]'), ('[1.00]'), (null)) t(v)) d

select distinct on (v) v is null, n from (values ('1'::jsonb, 1), ('1.0', 2), (null, 3)) t(v, n) order by v, n

select v->'a' a, count(*), grouping(v->'a') from (values ('{"a": 1}'::jsonb), ('{"a": 2}'), ('{"a": 1}')) t(v) group by rollup (v->'a') order by 1, 2

select meta->'lvl', count(*), max(id) from users group by meta->'lvl' having meta->'lvl' > '0' order by meta->'lvl' desc

select (meta->'lvl')::int + 1, count(*) from users group by meta->'lvl' order by 1

select distinct meta->'lvl', active from users order by 1, 2

select payload, count(*) from events group by payload order by payload
