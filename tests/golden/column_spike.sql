select value, hits, n, distinct_values, first, last
from (
  select "cost"::double as value, count(*) as hits, sum(count(*)) over () as n, count(*) over () as distinct_values
  from "t" where "cost"::double is not null group by 1 order by hits desc, value limit 1
), lateral (
  select quantile_disc("cost"::double, 0.005) as first, quantile_disc("cost"::double, 0.995) as last
  from "t" where "cost"::double <> value
)
