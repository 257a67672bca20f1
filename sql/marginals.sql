{#-
marginals: exact counts of several blocks of code columns, packed into one key a block
inputs: relation (encoded table), blocks [{columns, sizes, cells, key}], weight (column or none)
output: block (number in the list), cell (row-major position in the block), n (rows, or sum of weights)
grain: one row for every non-empty cell of every block
sensitivity: one row of weight w changes one cell of each block by w
-#}
{% for b in blocks %}
{% set whole = 'usmallint' if b.cells <= 65536 else 'integer' if b.cells < 2147483648 else 'bigint' %}
{{ 'union all ' if not loop.first else '' }}(select {{ loop.index0 }}::integer as block,
  {% if b.key %}
  {{ b.key | ident }}
  {%- else %}
  {% for c in b.columns %}{{ '(' if not loop.last else '' }}{% endfor %}
  {% for c in b.columns %}
  {% if loop.first %}{{ c | ident }}::{{ whole }}{% else %} * {{ b.sizes[loop.index0] }} + {{ c | ident }}){% endif %}
  {% endfor %}
  {% endif %} as cell,
  {% if weight %}sum({{ weight | ident }})::bigint{% else %}count(*){% endif %} as n
from {{ relation }} group by 2)
{% endfor %}
