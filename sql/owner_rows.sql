{#-
owner_rows: a private table's rows with the columns of all ancestors and the key of their privacy unit
inputs: relation (quoted table), parents [{relation, alias, on [[left, right]], columns [{name, label}]}] nearest first,
  where `left` and `right` are quoted paths, unit (quoted paths of the unit's key)
output: the table's columns, each ancestor's columns as "table.column", and _unit
grain: one row of the table that reaches a unit; rows with a NULL or dangling owner key are left out
sensitivity: a row belongs to one unit; what a unit weighs is bounded afterwards (bounded_rows)
-#}
select t.*,
{% for p in parents %}
{% for c in p.columns %}
  {{ p.alias }}.{{ c.name | ident }} as {{ c.label | ident }},
{% endfor %}
{% endfor %}
  {{ unit[0] if unit | length == 1 else '[' ~ unit | map('string') | join('::varchar, ') ~ '::varchar]' }} as _unit
from {{ relation }} t
{% for p in parents %}
join {{ p.relation }} {{ p.alias }} on {% for left, right in p.on %}{{ left }} = {{ right }}{{ ' and ' if not loop.last else '' }}{% endfor %}

{% endfor %}
