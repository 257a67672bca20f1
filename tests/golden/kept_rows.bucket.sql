insert into "_bounded_0"
select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint
