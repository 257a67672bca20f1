{#-
cell_counts: exact counts of the cells of several expressions (fine histograms, buckets of bounds)
inputs: relation, expressions (SQL texts giving a cell number, NULL ignored), weight (column or none)
output: block (number in the list), cell, n (rows, or sum of weights)
grain: one row for every non-empty cell of every expression
sensitivity: one row of weight w changes one cell of each expression by w
-#}
{% for e in expressions %}
{{ 'union all ' if not loop.first else '' }}(select {{ loop.index0 }}::integer as block, ({{ e }})::integer as cell,
  {% if weight %}sum({{ weight | ident }})::bigint{% else %}count(*){% endif %} as n
from {{ relation }} where ({{ e }}) is not null group by 2)
{% endfor %}
