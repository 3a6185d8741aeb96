select distinct model from gens order by model

select distinct model, user_id % 2 from gens order by 1, 2

select distinct on (model) model, id, rating from gens order by model, rating desc nulls last, id

select distinct on (model, user_id % 2) model, user_id % 2, id from gens order by model, user_id % 2, id desc

select distinct on (1) model, id from gens order by 1, id

select distinct on (m) model m, id from gens order by m, id

select distinct on (model) id, model from gens order by id

select distinct on (model) * from (select model, id from gens) g order by model desc nulls last, id

select distinct name from users order by id

select distinct name, id from users order by id

select distinct quality from gens order by 1

select distinct active, null from users order by 1

select distinct rating is null from gens order by 1

select count(*) from (select distinct user_id, model from gens) t

select distinct id % 3 from users order by id % 3 desc

select distinct id % 3 as m from users order by m limit 2

select distinct preview from gens order by preview

select distinct tags from gens order by tags

select distinct u.name from users u join gens g on g.user_id = u.id order by u.name

select distinct on (user_id) user_id, first_value(id) over (partition by user_id order by id) from gens order by user_id

select distinct sum(frames) over (partition by model) from gens order by 1

select distinct on (nope) id from gens

select distinct on (3) id from gens

select distinct id from users limit 3 offset 20

select all id from users where id < 3 order by id
