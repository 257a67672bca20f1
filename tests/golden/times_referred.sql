select coalesce(d.n, 0)::bigint as degree
from "_ranked_keys_1" t
left join (
  select "payee" as k0, "a ""b" as k1, count(*) as n
  from (select payee, a from ranked)
  group by "payee", "a ""b"
) d on t."id" = d.k0 and t."c" = d.k1
