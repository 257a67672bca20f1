select p.*, coalesce(c.n, 0)::bigint as _children
from (select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint) p left join (
  select "visit" as k0, count(*) as n from (select b.* from "labs" b semi join (select b.* from "visits" b where hash(b."patient", 0) % $2::ubigint = $1::ubigint) a on b."visit" = a."id")
  group by "visit"
) c on p."id" = c.k0
