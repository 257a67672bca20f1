select b.* from "clinic"."labs" b
semi join (select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint) a on b."visit" = a."id" and b."a ""b" = a."c"
