select coalesce(d.n, 0)::bigint as degree
from (
  select "id", "c", row_number() over (
    partition by _unit
    order by md5(concat_ws('|', "id"::varchar, "c"::varchar)), "id", "c"
  ) as rank
  from (select *, id as _unit from "people") r
  where "id" is not null and "c" is not null
) t
left join (
  select "payee" as k0, "a ""b" as k1, count(*) as n
  from (
  select "payee", "a ""b", row_number() over (
    partition by _unit
    order by md5(concat_ws('|', "id"::varchar)), "id"
  ) as rank
  from (select *, payer as _unit from payments) r
  where "payee" is not null and "a ""b" is not null
  ) where rank <= 4
  group by all
) d on t."id" = d.k0 and t."c" = d.k1
where t.rank <= 1
