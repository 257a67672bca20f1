select value, n_0, n_1, total_0, total_1, distinct_values
from (
  select value, sum(n_0)::bigint as n_0, sum(n_1)::bigint as n_1,
(sum(sum(n_0)) over ())::bigint as total_0, (sum(sum(n_1)) over ())::bigint as total_1, count(*) over () as distinct_values
  from (
    select left(("a ""b")::varchar, 300) as value, count(*) as n_0, 0 as n_1
    from "t" where "a ""b" is not null group by 1
    union all select left(("a ""b")::varchar, 300) as value, 0 as n_0, count(*) as n_1
    from "made"."main"."t" where "a ""b" is not null group by 1
  ) group by value
)
order by greatest(n_0 / greatest(total_0, 1), n_1 / greatest(total_1, 1)) desc, value
limit 12
