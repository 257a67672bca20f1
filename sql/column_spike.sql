{#-
column_spike: the commonest value of a number, and what all but 1 % of the other values lie between
inputs: relation, expression (SQL text giving a number, NULL ignored)
output: value, hits (its rows), n (rows not NULL), distinct_values, first, last (NULL when there is no other value)
grain: one row, none when all are NULL
sensitivity: exact; internal
-#}
select value, hits, n, distinct_values, first, last
from (
  select {{ expression }} as value, count(*) as hits, sum(count(*)) over () as n, count(*) over () as distinct_values
  from {{ relation }} where {{ expression }} is not null group by 1 order by hits desc, value limit 1
), lateral (
  select quantile_disc({{ expression }}, 0.005) as first, quantile_disc({{ expression }}, 0.995) as last
  from {{ relation }} where {{ expression }} <> value
)
