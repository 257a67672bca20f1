select p.*
  , coalesce(c."_children#0", 0) as "_children#0"
  , coalesce(c."_children#1", 0) as "_children#1"
from "_bounded_0" p left join (
  select k0
    , max((code = 0)::integer) as "_children#0"
    , max((code = 1)::integer) as "_children#1"
  from (
    select c."person" as k0, (enum_code(c.school)) as code
    from "enrolled" c
  )
  group by k0
) c on p."id" = c.k0
