select p.*,
  coalesce(c0.count, 0) as c0_count, c0.n0 as c0_n0, c0.k0 as c0_k0, c0.k1 as c0_k1,
  coalesce(c1.count, 0) as c1_count
from (select * from people) p
left join (
  select "person" as key0, "a ""b" as key1, count(*) as count, avg("cost"::double) as n0, avg(("ward"::varchar = 'it''s')::utinyint) as k0, avg(("ward"::varchar = 'b')::utinyint) as k1
  from "visits" group by 1, 2
) c0 on p."id" = c0.key0 and p."x" = c0.key1
left join (
  select "person" as key0, count(*) as count
  from "labs" group by 1
) c1 on p."id" = c1.key0
