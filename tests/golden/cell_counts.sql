(select 0::integer as block, (x // 10)::integer as cell,
count(*) as n
from "t" where (x // 10) is not null group by 2)
union all (select 1::integer as block, ((CASE WHEN "y" THEN 1 END))::integer as cell,
count(*) as n
from "t" where ((CASE WHEN "y" THEN 1 END)) is not null group by 2)
