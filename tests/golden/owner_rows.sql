select t.*,
  p0."day" as "visits.day",
  p1."a ""b" as "people.a ""b",
  p1."id" as _unit
from "clinic"."labs" t
join "clinic"."visits" p0 on t."visit" = p0."id"
join "clinic"."people" p1 on p0."person" = p1."id"
