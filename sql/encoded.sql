{#-
encoded: a table's rows as codes
inputs: relation (bounded or plain table), target, columns [{name, expression, size}], weight (column or none),
  weight_name (its name in the target, which no code column has)
output: one unsigned, never NULL column a code column, and the weight where there is one
grain: one row of the relation
sensitivity: one row changes one row
-#}
create temp table {{ target }} as select
{% for c in columns %}
  ({{ c.expression }})::{{ 'utinyint' if c.size <= 256 else 'usmallint' if c.size <= 65536 else 'uinteger' }} as {{ c.name | ident }},
{% endfor %}
{% if weight %}
  {{ weight | ident }} as {{ weight_name | ident }},
{% endif %}
from {{ relation }}
