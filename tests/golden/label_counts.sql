(select 0::integer as block, x::varchar as label, sum(n)::bigint as n
from (select "sex" as x, count(*) as n from "t" where "sex" is not null group by 1)
group by 2 order by 3 desc, 2 limit 61)
union all (select 1::integer as block, x::varchar as label, sum(n)::bigint as n
from (select "a ""b" as x, count(*) as n from "t" where "a ""b" is not null group by 1)
group by 2 order by 3 desc, 2 limit 61)
