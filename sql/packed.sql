{#-
packed: a table of packed block keys (and, where wanted, single code columns) of an encoded table
inputs: relation (encoded table), target, temporary, columns (kept as they are), keys [{columns, sizes, name, cells}]
output: the kept columns, then one unsigned key a block: its row-major cell
grain: one row of the relation
sensitivity: one row changes one row
-#}
create {{ 'temp ' if temporary else '' }}table {{ target }} as select
{% for c in columns %}
  {{ c | ident }},
{% endfor %}
{% for k in keys %}
  ({% for c in k.columns %}{{ '(' if not loop.last else '' }}{% endfor %}
  {% for c in k.columns %}
  {% if loop.first %}{{ c | ident }}::{{ 'integer' if k.cells < 2147483648 else 'bigint' }}{% else %} * {{ k.sizes[loop.index0] }} + {{ c | ident }}){% endif %}
  {% endfor %}
  )::{{ 'utinyint' if k.cells <= 256 else 'usmallint' if k.cells <= 65536 else 'uinteger' if k.cells <= 4294967296 else 'ubigint' }} as {{ k.name | ident }},
{% endfor %}
from {{ relation }}
