{#-
value_coverage: how the values of columns in one relation are found in another
inputs: real, other (relations), columns
output: block (number in the list), known (different values of real), found (those that other has too), unseen (rows of
  other whose value real never has), rows (rows of other with a value)
grain: one row a column; NULL left out
sensitivity: exact; internal
-#}
{% for c in columns %}
{{ 'union all ' if not loop.first else '' }}select {{ loop.index0 }}::integer as block, count(r.v) as known,
  count(*) filter (where r.v is not null and o.v is not null) as found,
  coalesce(sum(o.n) filter (where r.v is null), 0)::bigint as unseen, coalesce(sum(o.n), 0)::bigint as rows
from (select {{ c | ident }}::varchar as v, count(*) as n from {{ real }} where {{ c | ident }} is not null group by 1) r
full join (select {{ c | ident }}::varchar as v, count(*) as n from {{ other }} where {{ c | ident }} is not null group by 1) o
on r.v = o.v
{% endfor %}
