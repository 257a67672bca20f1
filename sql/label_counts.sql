{#-
label_counts: the most frequent values of columns, as text
inputs: relation, columns, limit
output: block (number in the list), label, n
grain: one row a column and value (NULL left out), the `limit` most frequent ones of each column
sensitivity: exact; internal
-#}
{% for c in columns %}
{{ 'union all ' if not loop.first else '' }}(select {{ loop.index0 }}::integer as block, x::varchar as label, sum(n)::bigint as n
from (select {{ c | ident }} as x, count(*) as n from {{ relation }} where {{ c | ident }} is not null group by 1)
group by 2 order by 3 desc, 2 limit {{ limit }})
{% endfor %}
