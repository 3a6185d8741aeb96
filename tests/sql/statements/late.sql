select id, preview from gens where id < 6 order by id

select preview from gens where preview is null

select count(preview), count(*) from gens

select id, preview is null, preview is not null from gens order by id

select u.id, g.preview from users u join gens g on g.user_id = u.id order by g.id limit 7

select u.id, g.preview from users u left join gens g on g.id = u.id + 36 order by u.id

select id, case when id % 2 = 0 then preview end from gens where id < 8 order by id

select id, coalesce(preview, '\x00') from gens where id < 12 order by id

select id, coalesce(g.preview, h.preview) from gens g join (select id, preview from gens) h using (id) where id < 12 order by id

select a.id, coalesce(b.preview, a.preview) from gens a left join gens b on b.id = a.id + 1 where a.id < 14 order by 1

with w as (select id, preview, row_number() over (partition by model order by id desc) r from gens) select id, preview from w where r = 1 order by id

with w as (select id, preview, rating from gens) select w.id, w.preview from w where w.rating > (select avg(rating) from w x) order by w.rating desc, w.id limit 5

select distinct on (model) model, preview from gens order by model, id desc

-- refused: function lag() is not supported
select id, lag(preview) over (order by id), lead(preview, 2) over (order by id), nth_value(preview, 2) over (order by id) from gens order by id

-- refused: function lag() is not supported
select id, lag(preview, 1, '\xff') over (order by id) from gens where id < 5 order by id

select u.id, l.preview from users u left join lateral (select preview from gens g where g.user_id = u.id order by rating desc nulls last, id limit 1) l on true order by u.id

select model, max(id), count(preview) from gens group by model order by model

select id, length(preview), octet_length(preview) from gens order by id

with w as (select preview p from gens where id < 5) select octet_length(p) from w order by 1

select (select preview from gens where id = 3), (select preview from gens where id = 99)

select preview, count(*) from gens where id < 12 group by preview order by 2 desc, 1

select id from gens where preview = '\x0101' order by id

select id from gens where preview in ('\x0101', '\x0b') or preview > '\x20' order by id

select id from gens where preview between '\x03' and '\x06' order by id

select max(id) from gens where preview is not null and octet_length(preview) > 3

select array_agg(preview order by id) from gens where id < 4

select id, preview || '\x00' from gens where id < 4 order by id

select encode(preview, 'hex') from gens where id < 4 order by id

select id from gens order by preview desc nulls last, id limit 4

select g.id, g.preview, h.preview from gens g join gens h on h.preview = g.preview and h.id > g.id order by 1

with recursive t(id, p) as (select 1::bigint, preview from gens where id = 1 union all select g.id, g.preview from gens g, t where g.id = t.id * 2) select id, p from t order by id

select nullif(preview, '\x') from gens where id < 6 order by id

select greatest(preview, '\x02') from gens where id < 6 order by id

select preview is distinct from '\x01' from gens where id < 3 order by id

select * from gens where id = 7

select t.* from (select id, preview, model from gens where id in (2, 3)) t order by 1

select x.preview from (select preview from gens where id = 2 union all select preview from gens where id = 7) x

-- refused: function first_value() is not supported
select id, first_value(preview) over (partition by model order by id), last_value(preview) over (partition by model order by id) from gens where id < 9 order by id

select preview from gens where id = 3 intersect select preview from gens

select u.name, (select g.preview from gens g where g.user_id = u.id order by g.id limit 1) from users u order by u.id

select id, preview::text from gens where id < 3 order by id

select count(distinct preview) from gens

select not exists (select preview from gens where id = 3)

select id from gens where preview in (select preview from gens where id < 4) order by id

select v.p from (values ((select preview from gens where id = 2))) v(p)

select id, preview from gens order by rating desc nulls last, id limit 3
