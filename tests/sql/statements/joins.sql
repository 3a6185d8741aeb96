select u.id, g.id from users u join gens g on u.id = g.user_id order by 1, 2

select u.id, g.id from users u left join gens g on u.id = g.user_id and g.rating > 3 order by 1, 2

select u.id, g.id from users u right join gens g on u.id = g.user_id and g.rating > 3 order by 2, 1

select u.id, g.id from users u full join gens g on u.id = g.user_id and g.rating > 3 order by 1, 2

select count(*) from users, gens where users.id = gens.user_id

select count(*) from users cross join nothing
