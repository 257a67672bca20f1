select 0::integer as block, count(r.v) as known,
  count(*) filter (where r.v is not null and o.v is not null) as found,
  coalesce(sum(o.n) filter (where r.v is null), 0)::bigint as unseen, coalesce(sum(o.n), 0)::bigint as rows
from (select "sex"::varchar as v, count(*) as n from "t" where "sex" is not null group by 1) r
full join (select "sex"::varchar as v, count(*) as n from "made"."main"."t" where "sex" is not null group by 1) o
on r.v = o.v
union all select 1::integer as block, count(r.v) as known,
  count(*) filter (where r.v is not null and o.v is not null) as found,
  coalesce(sum(o.n) filter (where r.v is null), 0)::bigint as unseen, coalesce(sum(o.n), 0)::bigint as rows
from (select "a ""b"::varchar as v, count(*) as n from "t" where "a ""b" is not null group by 1) r
full join (select "a ""b"::varchar as v, count(*) as n from "made"."main"."t" where "a ""b" is not null group by 1) o
on r.v = o.v
