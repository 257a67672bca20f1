select p.*, coalesce(c.n, 0)::bigint as _children
from (select * from visits) p left join (
  select "visit" as k0, "c" as k1, count(*) as n from "clinic"."labs"
  group by "visit", "c"
) c on p."id" = c.k0 and p."a ""b" = c.k1
