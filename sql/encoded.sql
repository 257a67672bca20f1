{#-
encoded: a table's rows as codes
inputs: relation (bounded or plain table), target, columns [{name, expression, size}], weight (column or none)
output: one unsigned, never NULL column a code column, and _weight where there is one
grain: one row of the relation
sensitivity: one row changes one row
-#}
create temp table {{ target }} as select
{% for c in columns %}
  ({{ c.expression }})::{{ 'utinyint' if c.size <= 256 else 'usmallint' if c.size <= 65536 else 'uinteger' }} as {{ c.name | ident }},
{% endfor %}
{% if weight %}
  {{ weight | ident }},
{% endif %}
from {{ relation }}
