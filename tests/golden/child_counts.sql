select p._part as part, coalesce(c.n, 0)::bigint as children, count(*) as n
from "people" p left join (
  select "person" as k0, "a ""b" as k1, count(*) as n from "visits"
  group by "person", "a ""b"
) c on p."id" = c.k0 and p."x" = c.k1
group by 1, 2
order by 1, 2
