select t.*
from "clinic"."labs" t
left join "clinic"."visits" p0 on t."visit" = p0."id" and t."day" = p0."day"
left join "clinic"."stays" p1 on p0."stay" = p1."id"
where t."visit" is null or p1."person" is null
