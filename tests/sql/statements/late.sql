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

select id, lag(preview) over (order by id), lead(preview, 2) over (order by id), nth_value(preview, 2) over (order by id) from gens order by id

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

select id, first_value(preview) over (partition by model order by id), last_value(preview) over (partition by model order by id) from gens where id < 9 order by id

select preview from gens where id = 3 intersect select preview from gens

select u.name, (select g.preview from gens g where g.user_id = u.id order by g.id limit 1) from users u order by u.id

select id, preview::text from gens where id < 3 order by id

select count(distinct preview) from gens

select not exists (select preview from gens where id = 3)

select id from gens where preview in (select preview from gens where id < 4) order by id

select v.p from (values ((select preview from gens where id = 2))) v(p)

select id, preview from gens order by rating desc nulls last, id limit 3

select g.id, m.thumb, m.file, g.preview from gens g left join media m on m.gen_id = g.id order by g.id

select preview from gens where id < 5 union all select thumb from media where id < 5 union all select file from media where id > 9

select m.id, coalesce(m.thumb, m.file, g.preview) from media m left join gens g on g.id = m.gen_id order by m.id

select m.id, case when m.id % 3 = 0 then m.thumb when m.id % 3 = 1 then m.file else g.preview end from media m left join gens g on g.id = m.gen_id order by m.id

select m.id, case m.id % 2 when 0 then thumb end, case when thumb is null then file end from media m order by m.id

with recursive t(id, p) as (select id, preview from gens where id = 2 union all select m.id + 100, m.thumb from media m, t where m.id = t.id) select id, p from t order by id

with recursive t(id, p) as (select id, thumb from media where id = 1 union all select m.id, m.file from media m, t where m.id = t.id + 1 and m.id < 6) select * from t order by id

with w as (select id, thumb as v from media union all select id + 100, preview from gens where id < 4) select v, id from w where v is not null order by id

with w as (select id, thumb as v from media union all select id + 100, preview from gens where id < 4) select count(v), count(*), count(distinct v) from w

select thumb, file from media where thumb is null or file is null

select m.thumb from media m where m.thumb in (select preview from gens) or m.file = '\x66696c652041'

select id, lag(coalesce(thumb, file)) over (order by id) from media order by id

select x.v, count(*) from (select thumb v from media union all select file from media) x group by x.v order by 2 desc, 1

select m.id, l.v from media m left join lateral (select g.preview v from gens g where g.id = m.gen_id union all select m.thumb) l on true order by m.id, l.v

select id, octet_length(thumb), octet_length(file), thumb is null from media order by id

select m.thumb = g.preview, m.id from media m, gens g where g.id = m.gen_id order by m.id

select (select file from media m where m.gen_id = g.id), (select thumb from media m where m.gen_id = g.id) is null from gens g where g.id < 13 order by g.id

select max(octet_length(file)), min(octet_length(thumb)) from media

select distinct on (m.id % 3) m.id % 3, m.file, g.preview from media m left join gens g on g.id = m.gen_id order by m.id % 3, m.id desc

select a.thumb, b.file from media a full join media b on a.id = b.id + 6 order by a.id, b.id

select t.* from media t where t.id = 3

select m.* from media m join (select id from media order by file desc nulls last limit 2) t using (id) order by id

select thumb from media except select file from media order by 1

select m.id, greatest(m.thumb, m.file) from media m order by 1

values ((select thumb from media where id = 1)), ((select file from media where id = 1)), (null)

select first_value(thumb) over w, last_value(file) over w from media window w as (order by id rows between 1 preceding and 1 following) order by id

select id from media where (thumb, file) is not null order by id

select id from media where (thumb, id) = (select thumb, id from media where id = 3)

select case when false then thumb else null end from media where id = 1

select nullif(thumb, file), nullif(thumb, thumb) from media order by id

select count(thumb) filter (where file is not null), count(*) filter (where thumb is null) from media

select array(select thumb from media where id < 3 order by id)

select id, thumb from media order by file desc nulls last, id limit 3

select id, file from (select * from media order by id desc limit 4) t where id % 2 = 0 order by id

select id, row_number() over (partition by thumb order by id) from media order by id
