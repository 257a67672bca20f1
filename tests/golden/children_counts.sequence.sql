select p.*, coalesce(c.n, 0)::bigint as _children,
  lag(coalesce(c.n, 0)::bigint) over (
    partition by p."patient", p."a ""b"
    order by p."@position"
  ) as "@1._children"
from "_bounded_0" p left join (
  select "visit" as k0, count(*) as n from "labs"
  group by "visit"
) c on p."id" = c.k0
