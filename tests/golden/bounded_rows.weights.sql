select t.*, (case when u.n <= 4 then 1048576 else 1048576 * 4::bigint // u.n end)::bigint as "_weight"
from "clinic"."visits" t join (
  select "patient" as unit_key, count(*) as n from "clinic"."visits" group by "patient"
) u on t."patient" = u.unit_key
