select p.*
  , coalesce(c."_children#0", 0) as "_children#0"
  , coalesce(c."_children#0.y", 0) as "_children#0.y"
  , coalesce(c."_children#0.z", 0) as "_children#0.z"
from "_bounded_0" p left join (
  select k0, k1
    , max((code = 0)::integer) as "_children#0"
    , max(case when code = 0 then a0 + 1 else 0 end) as "_children#0.y"
    , max(case when code = 0 then a1 + 1 else 0 end) as "_children#0.z"
  from (
    select m."patient" as k0, m."b" as k1, (c.x) as code, (c.y) as a0, (c.z) as a1
    from "taken" c
    join "visits" m on c."visit" = m."id" and c."day" = m."day"
  )
  group by k0, k1
) c on p."id" = c.k0 and p."b" = c.k1
