select t.*
from "clinic"."labs" t
where t."visit" is null or t."a ""b" is null
