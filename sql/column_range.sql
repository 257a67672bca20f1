{#-
column_range: rows and NULLs of a column, and of a number its extremes and 0.5 % and 99.5 % quantiles
inputs: relation, column (quoted), measure (SQL text giving a number, NULL ignored)
output: rows, nulls, low, high, first, last
grain: one row
sensitivity: exact; internal
-#}
select count(*) as rows, count(*) - count({{ column }}) as nulls, min(m) as low, max(m) as high,
  quantile_disc(m, 0.005) as first, quantile_disc(m, 0.995) as last
from (select {{ column }}, {{ measure }} as m from {{ relation }})
