select
  t."visit",
  t."a ""b",
  p0."ward" as "visits.ward",
  lag(t."taken") over before as "@1.taken",
  p0.id as _unit,
  (hash(p0."id", 0) % 2)::utinyint as _part,
  hash(t.id) as _row
from "db"."v"."labs" t
left join "db"."v"."visits" p0 on t."visit" = p0."id"
window before as (
  partition by t."visit"
  order by t."taken" nulls last, t."id" nulls last
)
