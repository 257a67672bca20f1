select b.* from "clinic"."visits" b
where hash(b."patient", b."a ""b", 0) % $2::ubigint = $1::ubigint
