select coalesce(sum((n > 1 and not missing)::integer), 0) as repeated, coalesce(sum(n) filter (missing), 0) as missing
from (
  select "id" is null or "a ""b" is null as missing, count(*) as n
  from "clinic"."visits" group by "id", "a ""b"
)
