select count(*) as n, count(o.there) as copied
from "made"."main"."t" r left join (
  select distinct "sex", "a ""b", true as there from "t"
) o on r."sex" is not distinct from o."sex" and r."a ""b" is not distinct from o."a ""b"
